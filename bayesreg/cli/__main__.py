"""``python -m bayesreg.cli``."""

import sys

from bayesreg.cli.program import main

sys.exit(main())
