"""Write the small data sets that make_reference.R reads, into data/.

All come from data that ship with scikit-learn or statsmodels. pandas writes floats with their
shortest repr, so the numbers round-trip exactly.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.datasets import load_diabetes

OUT = Path(__file__).parent / "data"


def with_weights(frame: pd.DataFrame) -> pd.DataFrame:
    """Add observation weights that are uneven and do not sum to n."""
    return frame.assign(w=0.5 + (7 * np.arange(len(frame)) % 13) / 4)


def diabetes() -> pd.DataFrame:
    return load_diabetes(scaled=False, as_frame=True).frame


def fair() -> pd.DataFrame:
    """Every twelfth woman of Fair's survey; the answer is whether she had an affair at all."""
    frame = sm.datasets.fair.load_pandas().data.iloc[::12].reset_index(drop=True)
    return frame.assign(affair=(frame.pop("affairs") > 0).astype(int))


def star98() -> pd.DataFrame:
    """Pupils above the national median in each district; the offset is the log of all pupils."""
    frame = sm.datasets.star98.load_pandas().data
    columns = ["LOWINC", "PERASIAN", "PERBLACK", "PERHISP", "PERMINTE", "AVYRSEXP"]
    columns += ["AVSALK", "PERSPENK", "PTRATIO", "PCTAF", "PCTCHRT", "PCTYRRND"]
    return frame[columns].assign(
        above=frame["NABOVE"].astype(int),
        log_total=np.log(frame["NABOVE"] + frame["NBELOW"]),
    )


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for make in (diabetes, fair, star98):
        with_weights(make()).to_csv(OUT / f"{make.__name__}.csv", index=False)
