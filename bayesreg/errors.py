"""Every error and warning of the package, each naming what was received, what is allowed and the cure."""


class BayesregError(Exception):
    """Base of all errors that bayesreg raises on purpose."""


class DataError(BayesregError, ValueError):
    """The data cannot be used: missing, infinite, of the wrong type, shape or names."""


class PriorError(BayesregError, ValueError):
    """A prior, penalty or noise specification is not valid for this regression."""


class ObjectiveError(BayesregError, ValueError):
    """An objective is unknown, or a quantity that its conversion needs was not given."""


class UnsupportedError(BayesregError, NotImplementedError):
    """The request is well formed, but this route does not cover it; the message names one that does."""


class ConvergenceError(BayesregError, RuntimeError):
    """A solver ended without an answer that its certificate accepts; no point is returned."""


class ModeError(BayesregError, RuntimeError):
    """The requested mode does not exist, because the posterior density is unbounded."""


class MissingDependencyError(BayesregError, ImportError):
    """An optional package is needed; the message names the command that installs it."""


class BayesregWarning(UserWarning):
    """Base of all warnings that bayesreg emits."""


class ConstantColumnWarning(BayesregWarning):
    """A column does not vary, so that the data say nothing about its coefficient."""


class MultimodalWarning(BayesregWarning):
    """The posterior has a second mode; the message names both."""


class SamplerWarning(BayesregWarning):
    """The draws did not pass the gate on convergence; the message says what to do."""


class SelectionWarning(BayesregWarning):
    """A strength was chosen at an end of its grid, so that a better one may lie beyond."""
