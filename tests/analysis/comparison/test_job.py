"""The main job from a source to a comparison: where strength, scale and sigma come from."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.analysis.comparison.job import Job, _doubts, run_job
from bayesreg.errors import BayesregError, DataError, ObjectiveError, PriorError
from bayesreg.selection.cross_validation import SelectedStrength, cross_validate
from bayesreg.selection.sigma import estimate_sigma


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(70, 3)) * [1, 10, 0.1]
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=1 + X @ [2, 0, 0] + rng.normal(size=70))
    path = tmp_path_factory.mktemp("job") / "table.csv"
    frame.to_csv(path, index=False)
    return frame, str(path)


def bare(frame, kind=br.Laplace, sigma=1.0, **options):
    return br.Regression(frame[list("abc")], frame["y"], prior=kind(1.0), sigma=sigma, **options)


def test_by_default_strength_and_sigma_are_settled_once_and_the_notes_say_how(table):
    frame, path = table
    done = run_job(Job(path, seed=4))
    strength, sigma = cross_validate(bare(frame), random_seed=4), estimate_sigma(bare(frame))
    both = done.comparison
    assert both.strength == pytest.approx(strength.strength, rel=1e-12)
    assert both.sigma == sigma[0]
    assert both.notes[0] == f"the strength was chosen by {strength.rule}"
    assert both.notes[1] == f"sigma was estimated once by {sigma[1]}, and is held as known"
    assert (done.dataset, both.reg.prior.name, both.reg.n) == (path, "laplace", 70)


def test_what_is_held_is_what_was_compared(table):
    _, path = table
    known = run_job(Job(path, scale=0.3, sigma=1.1))
    assert known.held.noise.sigma == known.comparison.sigma == 1.1
    assert known.held.prior == known.comparison.reg.prior == br.Laplace(0.3)
    learned = run_job(Job(path, scale=0.3, sigma="learn"))
    assert learned.held.noise.sigma == learned.comparison.sigma
    assert not learned.comparison.reg.noise.known
    assert br.certify(learned.held, learned.comparison.estimates["map"].beta).kkt < 1e-9


@pytest.fixture(scope="module")
def binary(table, tmp_path_factory):
    frame, _ = table
    path = tmp_path_factory.mktemp("job") / "binary.csv"
    frame.assign(y=(frame["y"] > 1).astype(int)).to_csv(path, index=False)
    return str(path)


@pytest.mark.slow
def test_another_family_has_its_strength_from_its_own_held_out_error(binary):
    frame = pd.read_csv(binary)
    done = run_job(Job(binary, family="bernoulli", seed=4))
    reg = br.Regression(frame[list("abc")], frame["y"], prior=br.Laplace(1.0), family="bernoulli")
    chosen = br.select(reg, by="cv", random_seed=4)
    assert done.comparison.reg.prior.scale == pytest.approx(chosen.scale, rel=1e-12)
    assert done.comparison.notes[0] == f"the strength was chosen by {chosen.how}"
    assert done.comparison.same_zeros
    assert done.held.family.name == "bernoulli"


def test_a_family_without_sigma_is_given_none(binary):
    with pytest.raises(PriorError, match=r"the bernoulli family has no sigma, got sigma = 2\.0; leave it out"):
        run_job(Job(binary, family="bernoulli", sigma=2.0))


def test_a_learned_sigma_settles_the_scale_with_the_estimated_one(table):
    frame, path = table
    done = run_job(Job(path, sigma="learn"))
    sigma, how = estimate_sigma(bare(frame))
    assert done.comparison.reg.prior.scale == pytest.approx(
        sigma**2 / cross_validate(bare(frame), random_seed=0).strength, rel=1e-12
    )
    assert f"the prior's scale was settled with sigma = {sigma:.4g}, estimated by {how}" in done.comparison.notes


@pytest.mark.parametrize(
    ("prior", "objective", "scale"),
    [
        ("laplace", None, lambda strength, sigma, n, sd_y: sigma**2 / strength),
        ("laplace", "sklearn.Lasso", lambda strength, sigma, n, sd_y: sigma**2 / (n * strength)),
        ("laplace", "nll", lambda strength, sigma, n, sd_y: 1 / strength),
        ("laplace", "park_casella", lambda strength, sigma, n, sd_y: sigma / strength),
        ("normal", None, lambda strength, sigma, n, sd_y: sigma / np.sqrt(strength)),
        ("normal", "sklearn.Ridge", lambda strength, sigma, n, sd_y: sigma / np.sqrt(strength)),
        ("normal", "glmnet", lambda strength, sigma, n, sd_y: sigma * np.sqrt(sd_y / (n * strength))),
        ("normal", "torch.weight_decay", lambda strength, sigma, n, sd_y: sigma * np.sqrt(2 / (n * strength))),
    ],
)
def test_a_strength_is_read_in_its_convention(table, prior, objective, scale):
    frame, path = table
    both = run_job(Job(path, prior=prior, strength=0.7, objective=objective, sigma=1.3)).comparison
    assert both.reg.prior.scale == pytest.approx(scale(0.7, 1.3, 70, frame["y"].std(ddof=0)), rel=1e-12)
    assert both.strength == pytest.approx(0.7, rel=1e-12)
    assert both.objective == (objective or "half_rss")
    assert both.notes[0] == f"the strength was given, in the convention {both.objective}"


def test_more_columns_than_rows(wide, tmp_path):
    X, y = wide
    pd.DataFrame(X).assign(y=y).to_csv(tmp_path / "wide.csv", index=False)
    both = run_job(Job(str(tmp_path / "wide.csv"), prior="normal", scale=0.5)).comparison
    assert "cross-validated lasso" in " ".join(both.notes)
    assert "least squares is not unique (rank 59 of 150 columns)" in " ".join(both.notes)
    np.testing.assert_allclose(both.estimates["map"].coef, both.estimates["penalized"].coef, rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scale": 1.0, "strength": 1.0}, PriorError, "not both"),
        ({"sigma": "guess"}, PriorError, "learn"),
        ({"sigma": -1.0}, PriorError, "positive"),
        ({"scale": -1.0}, PriorError, "greater than 0"),
        ({"strength": 1.0, "objective": "mine"}, ObjectiveError, "mine"),
        ({"target": "zz"}, DataError, "zz"),
        ({"engine": "exact", "scale": 1.0}, BayesregError, "Normal"),
        ({"draws": 0, "scale": 1.0}, PriorError, "draws"),
    ],
)
def test_what_is_refused(table, options, error, words):
    with pytest.raises(error, match=words):
        run_job(Job(table[1], **options))


def test_a_named_data_set_brings_its_own_target():
    both = run_job(Job("diabetes", prior="normal", scale=10.0)).comparison
    assert both.reg.design.target == "target"
    with pytest.raises(DataError, match="target"):
        run_job(Job("diabetes", target="y"))


def test_a_strength_that_the_data_do_not_settle_and_columns_beyond_the_rows_are_said():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 40))
    bare = br.Regression(X, X[:, 0] + rng.normal(size=30), prior=br.Laplace(1.0), sigma=1.0)
    strength = cross_validate(bare, random_seed=0).strength
    settled, unsettled = (_doubts(bare, 0, SelectedStrength(value, "cv")) for value in (strength, 1000 * strength))
    assert any("with 40 columns and 30 rows" in doubt and "br.Horseshoe()" in doubt for doubt in settled)
    assert any("do not settle the strength" in doubt and "seeds 0 to 4" in doubt for doubt in unsettled)


def test_a_strength_that_the_data_settle_brings_no_doubts(table):
    frame, _ = table
    reg = bare(frame)
    assert _doubts(reg, 0, cross_validate(reg, random_seed=0)) == ()
