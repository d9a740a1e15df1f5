"""The table of effects: its order, its units, its verdicts; and the sentences that lead the page."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.model.unknowns import Unknowns
from bayesreg.reporting.effects import find_effects
from bayesreg.reporting.effects_table import columns_of, effects_html, forms_of
from bayesreg.reporting.lead import effects_in_words
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

UNITS = np.array([1.0, 100.0, 0.01, 1.0])


def made(family, means, sds, *, ci_prob=0.9):
    """Effects of draws with these standardized means and standard deviations, on columns of different units."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(80, 4)) * UNITS + 3 * UNITS, columns=list("abcd"))
    y = (rng.random(80) < 0.5).astype(float) if family == "bernoulli" else rng.poisson(3, size=80).astype(float)
    sigma = {"sigma": 1.0} if family == "gaussian" else {}
    reg = br.Regression(X, y, prior=br.Laplace(0.5), family=family, **sigma)
    beta = np.array(means) + np.array(sds) * rng.normal(size=(4, 500, 4))
    draws = Unknowns(beta, 0.4 + 0.1 * rng.normal(size=(4, 500)), np.ones((4, 500)))
    tree = to_datatree(reg, Run(draws), {}, (), 0)
    return find_effects(tree, reg, {"map": br.map_estimate(reg)}, ci_prob), tree, reg


MEANS, SDS = [0.001, -1.0, 2.0, 0.3], [0.001, 0.1, 0.2, 0.5]


def test_rows_stand_by_size_per_standard_deviation_whatever_the_units():
    effects, _, _ = made("gaussian", MEANS, SDS)
    assert effects.names == ("c", "b", "d", "a")


def test_verdicts_are_those_of_the_interval_and_of_the_region_near_zero():
    effects, _, _ = made("gaussian", MEANS, SDS)
    assert effects.verdicts == ["near zero", "clear", "clear", "undecided"]
    (sentence,) = effects_in_words(effects)
    assert sentence == (
        "Of 4 effects, 2 are clear, 1 is near zero, 1 undecided. Clear, by size: c, b; the 90% interval does not "
        "contain 0."
    )
    none, _, _ = made("gaussian", [0.0] * 4, [1.0] * 4)
    assert effects_in_words(none) == ["Of 4 effects, 0 are clear, 4 undecided. No 90% interval excludes 0."]
    small, _, _ = made("gaussian", [0.02, 1, 1, 1], [0.001, 0.1, 0.1, 0.1])
    assert small.verdicts[0] == "clear, but small"


def test_the_intercept_is_at_zero_or_at_the_means():
    effects, tree, reg = made("gaussian", MEANS, SDS)
    raw, scaled = forms_of(effects)
    posterior = tree["posterior"]
    assert raw.numbers["mean"][-1] == pytest.approx(float(posterior["intercept"].mean()))
    assert scaled.numbers["mean"][-1] == pytest.approx(float(posterior["intercept_at_center"].mean()))
    assert scaled.numbers["map"][-1] == pytest.approx(reg.design.mean_y)


def test_standardized_numbers_are_beta_and_raw_ones_coef():
    effects, tree, _ = made("gaussian", MEANS, SDS)
    raw, scaled = forms_of(effects)
    posterior, order = tree["posterior"].mean(("chain", "draw")), list(effects.names)
    np.testing.assert_allclose(raw.numbers["mean"][:-1], posterior["coef"].sel(coef_name=order), rtol=1e-12)
    np.testing.assert_allclose(scaled.numbers["mean"][:-1], posterior["beta"].sel(coef_name=order), rtol=1e-12)


@pytest.mark.parametrize(("family", "name"), [("bernoulli", "odds ratio"), ("poisson", "rate ratio")])
def test_ratios_are_of_the_exponentials_of_the_draws(family, name):
    effects, tree, _ = made(family, [0.1, -0.5, 0.4, 0.2], [0.1] * 4)
    forms = forms_of(effects)
    assert [form.label for form in forms] == ["per unit", "standardized", f"{name} per unit", f"{name} standardized"]
    draws = np.exp(tree["posterior"]["beta"].sel(coef_name=list(effects.names)).to_numpy().reshape(-1, 4))
    np.testing.assert_allclose(forms[3].numbers["mean"][:-1], draws.mean(axis=0), rtol=1e-12)
    # Quantiles between two draws are not those of the exponentials, to the distance of two draws.
    np.testing.assert_allclose(forms[3].numbers["upper"][:-1], np.exp(forms[1].numbers["upper"][:-1]), rtol=1e-3)
    np.testing.assert_allclose(forms[3].numbers["map"], np.exp(forms[1].numbers["map"]), rtol=1e-12)


def test_a_regression_without_intercept_has_no_row_for_it():
    rng = np.random.default_rng(3)
    reg = br.Regression(rng.normal(size=(50, 2)), rng.normal(size=50), prior=br.Normal(1.0), sigma=1.0, intercept=False)
    effects = find_effects(br.sample(reg, random_seed=1), reg, {}, 0.9)
    assert effects_html(effects, forms_of(effects)).count('<tr data-row="') == 2
    assert "MAP" not in [text for _, text, _ in columns_of(effects)]


def test_a_column_that_is_named_intercept_is_not_taken_for_it():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"intercept": rng.normal(size=50), "x": rng.normal(size=50)})
    reg = br.Regression(X, rng.normal(size=50), prior=br.Normal(1.0), sigma=1.0)
    effects = find_effects(br.sample(reg, random_seed=1), reg, {}, 0.9)
    html = effects_html(effects, forms_of(effects))
    assert html.count('<th scope="row">intercept</th>') == 1
    assert html.count('<th scope="row"><em>intercept</em></th>') == 1
