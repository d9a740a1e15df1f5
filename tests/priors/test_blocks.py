"""A prior for each block of columns: what a name covers, and that known scales are a penalty by column."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.block_columns import columns_of, term_of, unknown_name

RNG = np.random.default_rng(12)
FRAME = pd.DataFrame({"age": RNG.normal(size=60), "dose": RNG.normal(size=60), "g": list("abcd") * 15})
FRAME["y"] = FRAME["age"] + (FRAME["g"] == "b") + RNG.normal(size=60)
FORMULA = "y ~ age + dose + C(g) + age:C(g)"
PRIOR = br.Blocks({"C(g)": br.Normal([0.3, 0.4, 0.5]), "age:C(g)": br.Normal(0.2)}, rest=br.Laplace(0.05))


def fit(prior, formula=FORMULA, **settings):
    return br.Regression.from_formula(formula, FRAME, prior=prior, **({"sigma": 1.0} | settings))


def by_column(names):
    """The same penalty, stated column by column by hand."""
    normal = {"C(g)[T.b]": 0.3, "C(g)[T.c]": 0.4, "C(g)[T.d]": 0.5} | {f"age:C(g)[T.{k}]": 0.2 for k in "bcd"}
    laplace = {name: np.inf if name in normal else 0.05 for name in names}
    return br.ElasticNetPrior(laplace, {name: normal.get(name, np.inf) for name in names})


def test_a_name_covers_a_column_or_all_columns_of_its_term():
    names = ["age", "g[a]", "g[b]", "g[a]:age", "C(g)[T.x[1]]", "poly(age, 2)[1]", "poly(age, 2)[2]", "(1|g)[a]"]
    assert [term_of(name) for name in names[3:5]] == ["g:age", "C(g)"]
    places = [columns_of(key, names) for key in ("age", "g", "g[b]", "C( g )", "poly(age,2)", "(1 | g)", ("age", "g"))]
    assert places == [[0], [1, 2], [2], [4], [5, 6], [7], [0, 1, 2]]
    assert [unknown_name(key) for key in ("C(g)", "(1|g)", "a:C(g)", ("a", "b"))] == [
        "scale_g",
        "scale_g",
        "scale_a_C_g",
        "scale_a_b",
    ]


def test_known_scales_are_one_penalty_by_column():
    """The mode, the path and the certificate, and the fit of another package, are those of scales given by hand."""
    reg = fit(PRIOR)
    same = reg.with_prior(by_column(reg.names))
    point, path = br.map_estimate(reg), br.path(reg, [1.0, 5.0, 20.0])
    np.testing.assert_array_equal(point.beta, br.map_estimate(same).beta)
    np.testing.assert_array_equal(path.beta, br.path(same, [1.0, 5.0, 20.0]).beta)
    np.testing.assert_allclose(br.penalized_estimate(reg).beta, point.beta, atol=1e-6)
    assert point.certificate.kkt < 1e-9
    assert 0 < point.n_zeros < reg.p


def test_normal_blocks_have_the_exact_posterior_and_evidence_of_their_scales():
    prior = br.Blocks({"C(g)": br.Normal(0.3), "age": br.Normal(2.0)}, rest=br.Normal(1.0))
    reg = fit(prior, "y ~ age + dose + C(g)")
    scales = {"age": 2.0, "dose": 1.0} | {f"C(g)[T.{level}]": 0.3 for level in "bcd"}
    same = reg.with_prior(br.Normal(scales))
    assert br.choose_engine(reg).engine == "exact"
    grid = [1.0, 3.0]
    chosen = [br.select(one, by="evidence", strengths=grid).curve.value for one in (reg, same)]
    np.testing.assert_allclose(*chosen, rtol=1e-12)
    tables = [br.compare(one, draws=500, random_seed=1).to_frame() for one in (reg, same)]
    pd.testing.assert_frame_equal(*tables)


def test_posterior_and_shrinkage_are_those_of_the_scales():
    reg = fit(PRIOR, sigma=None)
    same = reg.with_prior(by_column(reg.names))
    trees = [br.sample(one, draws=300, random_seed=2) for one in (reg, same)]
    np.testing.assert_array_equal(*(tree["posterior"]["coef"].to_numpy() for tree in trees))
    kappas = [br.shrinkage(tree).kappa for tree in trees]
    np.testing.assert_allclose(*kappas, rtol=1e-12)


REFUSED = {
    "nothing of that name": (
        br.Blocks({"C(h)": br.Normal(1.0)}, rest=br.Normal(1.0)),
        r"'C\(h\)'; there are .*'C\(g\)'",
    ),
    "twice": (br.Blocks({"C(g)": br.Normal(1.0), "C(g)[T.b]": br.Laplace(1.0)}, rest=br.Normal(1.0)), r"covered twice"),
    "left out": (br.Blocks({"C(g)": br.Normal(1.0)}), r"no block covers \['age', 'dose'.*rest="),
    "wrong length": (br.Blocks({"C(g)": br.Normal([1.0, 2.0])}, rest=br.Normal(1.0)), "2 values for 3 columns"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_regression_refuses(name):
    prior, message = REFUSED[name]
    with pytest.raises(PriorError, match=message):
        fit(prior)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: br.Blocks({}), "a mapping"),
        (lambda: br.Blocks({"a": 1.0}), "needs a prior"),
        (lambda: br.Blocks({...: br.Normal(1.0)}), "use rest="),
        (lambda: br.Blocks({"a": br.Horseshoe(1.0)}), "a block may have a Laplace"),
        (lambda: br.Blocks({"a": br.Blocks({"a": br.Normal(1.0)})}), "a block may have a Laplace"),
        (lambda: br.Blocks({"a": br.Normal(1.0)}, rest=br.Normal(1.0, scaled_by_sigma=True)), "all blocks are scaled"),
        (lambda: fit({"C(g)": br.Normal(1.0)}), r"br\.Blocks"),
    ],
)
def test_what_it_refuses(make, message):
    with pytest.raises((PriorError, UnsupportedError), match=message):
        make()
