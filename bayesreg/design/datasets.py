"""Named real data sets that ship with a dependency; nothing is downloaded."""

from typing import TYPE_CHECKING

from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# name: (loader of sklearn.datasets, target, what it is)
DATASETS = {
    "diabetes": ("load_diabetes", "target", "disease progression of 442 patients, 10 columns (Efron et al. 2004)"),
}


def load_dataset(name: str) -> "tuple[pd.DataFrame, str]":
    """Load a named data set in its own units.

    Parameters
    ----------
    name : str
        One of ``DATASETS``: "diabetes" (Efron et al. 2004, doi:10.1214/009053604000000067).

    Returns
    -------
    frame : pandas.DataFrame
        Columns and target.
    target : str
        Name of the target column.

    Raises
    ------
    DataError
        If the name is unknown.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> frame.shape, target
    ((442, 11), 'target')
    """
    if name not in DATASETS:
        raise DataError(f"unknown data set {name!r}; known: {', '.join(DATASETS)}. Or give a CSV or Parquet file.")
    from sklearn import datasets

    loader, target, _ = DATASETS[name]
    return getattr(datasets, loader)(as_frame=True, scaled=False).frame, target
