"""bayesreg: penalties and priors are the same thing seen from two sides; both sides, exactly, in one place.

Public names are loaded on first use, so that ``import bayesreg`` costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0"

# The names stand in __init__.pyi, where type checkers read them too.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
