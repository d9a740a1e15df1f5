"""Cures of what rounding leaves unsolved, in the words of every solver."""

UNEVEN = (
    "use standardize=True where columns differ much in size, intercept=True with center=True where they lie far "
    "from 0, and drop one of each two that are nearly equal."
)
SEPARATED = (
    "the loss keeps falling without a minimum: columns without a prior may separate the classes; "
    "give them a finite scale."
)
