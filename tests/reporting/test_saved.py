"""A comparison that was written and read back says the same."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.analysis.comparison.known_scale import at_known_scale
from bayesreg.errors import DataError

RNG = np.random.default_rng(9)
FRAME = pd.DataFrame(RNG.normal(size=(60, 3)), columns=["a b", "c", "é"]).assign(group=np.tile(["x", "y", "z"], 20))
Y = FRAME["c"] + (FRAME["group"] == "y") + RNG.normal(size=60)
DRAWS = {"draws": 250, "random_seed": 1}
REGRESSIONS = {
    "lasso": br.Regression(FRAME, Y, prior=br.Laplace(0.2), sigma=1.0),
    "sigma unknown, weights": br.Regression(FRAME, Y, prior=br.Normal(0.5), weights=np.tile([1.0, 2.0], 30)),
    "elastic net, no intercept": br.Regression(
        FRAME[["c"]], Y, prior=br.ElasticNetPrior(0.3, 1.0), sigma=1.0, intercept=False, standardize=False
    ),
    "bernoulli": br.Regression(FRAME, Y > 0.5, prior=br.Laplace(0.3), family="bernoulli"),
    "formula": br.Regression.from_formula("y ~ c * group", FRAME.assign(y=Y), prior=br.Laplace(0.2), sigma=1.0),
}


def assert_same(ours, theirs):
    """The whole record: numbers to rounding, everything else alike."""
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        if name in ("coefficients", "certificate", "certificate_penalized", "max_abs_difference"):
            continue
        assert theirs[name] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value), name
    first, second = (pd.DataFrame(record["coefficients"]).set_index("name") for record in (ours, theirs))
    pd.testing.assert_frame_equal(first, second, rtol=1e-7, atol=1e-9)


@pytest.mark.filterwarnings("ignore::bayesreg.errors.SamplerWarning")
@pytest.mark.parametrize("name", REGRESSIONS)
def test_it_is_the_same_after_the_disk(name, tmp_path):
    both = br.compare(REGRESSIONS[name], ci_prob=0.8, notes=("read by hand",), **DRAWS)
    br.save_comparison(both, tmp_path / "both.nc")
    assert [file.name for file in tmp_path.iterdir()] == ["both.nc"]
    again = br.load_comparison(tmp_path / "both.nc")
    assert_same(both.to_dict(), again.to_dict())
    assert str(again).splitlines()[0] == str(both).splitlines()[0]


@pytest.mark.filterwarnings("ignore::bayesreg.errors.SamplerWarning")
def test_scale_and_sigma_that_were_held_are_held_again(tmp_path):
    reg = br.Regression(FRAME[["c"]], Y, prior=br.Normal(br.HalfNormal(1.0)))
    idata = br.sample(reg, **DRAWS)
    held, notes = at_known_scale(reg, idata)
    both = br.compare(held.with_sigma(0.9), idata, notes=notes)
    br.save_comparison(both, tmp_path / "both.nc")
    again = br.load_comparison(tmp_path / "both.nc")
    assert (again.reg.prior, again.sigma, again.notes) == (held.prior, 0.9, both.notes)
    assert_same(both.to_dict(), again.to_dict())


def test_other_files_and_things_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected a Comparison.*br\.compare"):
        br.save_comparison(REGRESSIONS["lasso"], tmp_path / "both.nc")
    with pytest.raises(DataError, match="holds no comparison"):
        br.load_comparison(tmp_path / "both.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(DataError, match="holds no comparison"):
        br.load_comparison(tmp_path / "text.nc")
    both = br.compare(REGRESSIONS["lasso"], **DRAWS)
    both.idata.to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="holds no comparison"):
        br.load_comparison(tmp_path / "posterior.nc")
    with pytest.raises(DataError, match="cannot write"):
        br.save_comparison(both, tmp_path / "no folder" / "both.nc")
