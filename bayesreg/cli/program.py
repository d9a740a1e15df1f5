"""The command line: arguments in, a table out; no mathematics of its own."""

import argparse
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from types import FrameType

from bayesreg import __version__
from bayesreg.cli import compare, convert, moments, path, predict, report, sample, select
from bayesreg.errors import BayesregError

# What shells give a process that Ctrl-C or a plain kill ended.
INTERRUPTED, TERMINATED = 130, 143
COMMANDS = (compare, path, select, sample, predict, report, moments, convert)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 good, 2 bad input, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    arguments.command = shlex.join(["bayesreg", *(sys.argv[1:] if argv is None else argv)])
    if threading.current_thread() is threading.main_thread():
        # A plain kill ends the run as an exception does, so that no half-written file is left.
        signal.signal(signal.SIGTERM, _end)
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal without Greek letters shows a ? for them rather than ending the run.
        sys.stdout.reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return int(arguments.run(arguments))
    except BayesregError as error:
        print("bayesreg:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except MemoryError as error:
        print(
            f"bayesreg: this needs more memory than there is ({error}); ask for fewer draws or columns.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("bayesreg: interrupted", file=sys.stderr)
        return INTERRUPTED


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bayesreg", description="Penalties and priors are the same thing seen from two sides; see both, exactly."
    )
    parser.add_argument("--version", action="version", version=f"bayesreg {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"bayesreg: warning: {message}", file=sys.stderr)
