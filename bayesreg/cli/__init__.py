"""The command line, one command a file."""

from bayesreg.cli.program import main as main
