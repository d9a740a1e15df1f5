"""`python -m bayesreg` is the command `bayesreg`."""

from bayesreg.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
