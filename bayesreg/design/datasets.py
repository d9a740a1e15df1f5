"""Named real data sets that ship with a dependency; nothing is downloaded."""

from pathlib import Path
from typing import TYPE_CHECKING

from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# name: what it is
DATASETS = {"diabetes": "disease progression of 442 patients, 10 columns (Efron et al. 2004)"}
DIABETES_COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


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

    See Also
    --------
    Regression : Data, prior, noise and family of a regression.
    moments : Sufficient statistics of a file, folder, frame or batches.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> frame.shape, target
    ((442, 11), 'target')
    """
    if name not in DATASETS:
        raise DataError(f"unknown data set {name!r}; known: {', '.join(DATASETS)}. Or give a CSV or Parquet file.")
    return _diabetes(), "target"


def _diabetes() -> "pd.DataFrame":
    """The diabetes data in its own units, from the files that scikit-learn ships.

    They are read directly, since importing sklearn.datasets takes longer than all else that is done with them.
    """
    import numpy as np
    import pandas as pd
    import sklearn

    folder = Path(sklearn.__file__).parent / "datasets" / "data"
    try:
        X, y = (np.loadtxt(folder / f"diabetes_{part}.csv.gz") for part in ("data_raw", "target"))
    except OSError:
        from sklearn.datasets import load_diabetes

        X, y = load_diabetes(return_X_y=True, scaled=False)
    return pd.DataFrame(X, columns=list(DIABETES_COLUMNS)).assign(target=y)
