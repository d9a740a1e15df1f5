"""Every row of the dictionary against the objective that its tool documents, minimized without our code.

The prior's side is the negative log posterior written with scipy.stats; the tool's side is the formula of
its own documentation, or the tool itself. Both are minimized over all sign patterns, which is exact.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import bayesreg as br
from bayesreg.errors import ObjectiveError, PriorError
from bayesreg.families.registry import FAMILIES as NAMED

steady = settings(deadline=None, derandomize=True, max_examples=40)

# 40 rows, 3 correlated columns of unlike size, all centred, so that no tool needs an intercept.
N, SIGMA = 40, 1.3
_rng = np.random.default_rng(7)
X = _rng.normal(size=(N, 3)) @ np.array([[1.0, 0.6, 0.0], [0.0, 0.8, 0.3], [0.0, 0.0, 2.0]])
X -= X.mean(axis=0)
Y = X @ np.array([1.5, 0.0, -0.4]) + SIGMA * _rng.normal(size=N)
Y -= Y.mean()
SD_Y = float(Y.std())
SETTING = {"sigma": SIGMA, "n": N, "sd_y": SD_Y}


def minimize(objective):
    """The minimum of a convex function that is a quadratic on each orthant of R³, exactly up to rounding.

    On the face of each of the 27 sign patterns the quadratic is read off from values at unit steps that stay inside
    the orthant, and its stationary point counts if it lies there too.
    """
    best, least = np.zeros(3), objective(np.zeros(3))
    for signs in product((-1.0, 0.0, 1.0), repeat=3):
        face = np.diag(signs)[:, np.flatnonzero(signs)]
        if face.shape[1] == 0:
            continue
        point = face @ stationary_point(lambda t, face=face: objective(face @ t), face.shape[1])
        if np.array_equal(np.sign(point), signs) and objective(point) < least:
            best, least = point, objective(point)
    return best


def stationary_point(quadratic, q):
    """Where the gradient of a quadratic of q variables vanishes, from its values at t > 0."""
    base, steps = np.full(q, 2.0), np.eye(q)
    center = quadratic(base)
    up = np.array([quadratic(base + step) for step in steps])
    down = np.array([quadratic(base - step) for step in steps])
    hessian = np.array([[quadratic(base + a + b) for a in steps] for b in steps]) - up[:, None] - up[None, :] + center
    return base - np.linalg.solve(hessian, (up - down) / 2)


def rss(beta):
    return np.sum((Y - X @ beta) ** 2)


def l1(strength, beta):
    return np.sum(strength * np.abs(beta))


def l2(strength, beta):
    return np.sum(strength * beta**2)


def log_likelihood(beta):
    return stats.norm.logpdf(Y, X @ beta, SIGMA).sum()


def glmnet(a, c, beta):
    """glmnet divides y, its lambda and so its coefficients by s_y, and minimizes its documented objective for those."""
    return rss(beta) / SD_Y**2 / (2 * N) + l1(a / SD_Y, beta / SD_Y) + l2(c / SD_Y, beta / SD_Y) / 2


# What each tool minimizes, with a and c the strengths of its L1 and L2 term as its user states them.
TOOLS = {
    "half_rss": lambda a, c, beta: rss(beta) / 2 + l1(a, beta) + l2(c, beta) / 2,
    "scaled_nll": lambda a, c, beta: -(SIGMA**2) * log_likelihood(beta) + l1(a, beta) + l2(c, beta) / 2,
    "rss": lambda a, c, beta: rss(beta) + l1(a, beta) + l2(c, beta),
    "mse": lambda a, c, beta: rss(beta) / N + l1(a, beta) + l2(c, beta),
    "keras": lambda a, c, beta: np.mean((Y - X @ beta) ** 2) + l1(a, beta) + l2(c, beta),
    "nll": lambda a, c, beta: -log_likelihood(beta) + l1(a, beta) + l2(c, beta),
    # (1 / (2 * n_samples)) * ||y - Xw||^2_2 + alpha * ||w||_1
    "sklearn.Lasso": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta),
    # 1 / (2 * n_samples) * ||y - Xw||^2_2 + alpha * l1_ratio * ||w||_1 + 0.5 * alpha * (1 - l1_ratio) * ||w||^2_2
    "sklearn.ElasticNet": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    # 1 / (2 x n_samples) ||y - Xw||_2^2 + alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||_2^2)
    "skglm": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    "skglm.Lasso": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta),
    "skglm.ElasticNet": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    # (1 / (2 * n_samples)) * ||y - X w||^2_2 + alpha * l1_ratio * ||w||_1 + 0.5 * alpha * (1 - l1_ratio) * ||w||^2_2
    # 1/(2 sum(w)) sum(w deviance) + alpha l1_ratio ||w||_1 + 1/2 alpha (1 - l1_ratio) w'P2w
    "glum": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    "celer": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    "celer.Lasso": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta),
    "celer.ElasticNet": lambda a, c, beta: rss(beta) / (2 * N) + l1(a, beta) + l2(c, beta) / 2,
    # 0.5*RSS/n + alpha*((1-L1_wt)*|params|_2^2/2 + L1_wt*|params|_1)
    "statsmodels": lambda a, c, beta: 0.5 * rss(beta) / N + l2(c, beta) / 2 + l1(a, beta),
    "statsmodels.OLS": lambda a, c, beta: 0.5 * rss(beta) / N + l2(c, beta) / 2 + l1(a, beta),
    # E(w,b) = 1/n sum_i L(y_i, f(x_i)) + alpha R(w), L = 1/2 (y_i - f(x_i))^2, R = rho ||w||_1 + (1 - rho)/2 ||w||_2^2
    "sklearn.SGDRegressor": lambda a, c, beta: np.mean((Y - X @ beta) ** 2 / 2) + l1(a, beta) + l2(c, beta) / 2,
    # ||y - Xw||^2_2 + alpha * ||w||^2_2
    "sklearn.Ridge": lambda a, c, beta: rss(beta) + l2(c, beta),
    "glmnet": glmnet,
    # What the gradient step w −= lr·(∂MSE/∂w + weight_decay·w) descends; the steps themselves are taken below.
    "torch.weight_decay": lambda a, c, beta: np.mean((Y - X @ beta) ** 2) + l2(c, beta) / 2,
    # Park & Casella (2008), equation (4): the prior on β given σ² is Π λ/(2σ) exp(−λ|β_j|/σ).
    "park_casella": lambda a, c, beta: -log_likelihood(beta) + l1(a / SIGMA, beta),
}
ELSEWHERE = {
    "sklearn.LogisticRegression",
    "sklearn.PoissonRegressor",
    "sklearn.GammaRegressor",
    "sklearn.SGDClassifier",
    "sklearn.QuantileRegressor",
}
ONLY_L1 = {"park_casella", "sklearn.Lasso", "skglm.Lasso", "celer.Lasso"}
ONLY_L2 = {"sklearn.Ridge", "torch.weight_decay"}


def negative_log_posterior(prior):
    """By scipy.stats, up to a constant; the elastic net's kernel has no name there."""

    def of(beta):
        if isinstance(prior, br.Laplace):
            return -log_likelihood(beta) - stats.laplace.logpdf(beta, scale=prior.scale).sum()
        if isinstance(prior, br.Normal):
            return -log_likelihood(beta) - stats.norm.logpdf(beta, scale=prior.scale).sum()
        return -log_likelihood(beta) + l1(1 / prior.laplace_scale, beta) + l2(0.5 / prior.normal_scale**2, beta)

    return of


COLUMNS = np.array([0.3, 0.05, 1.0])
PRIORS = {
    "laplace": br.Laplace(0.15),
    "laplace by column": br.Laplace(COLUMNS),
    "normal": br.Normal(0.4),
    "normal by column": br.Normal(COLUMNS),
    "elastic net": br.ElasticNetPrior(0.12, 0.5),
    "elastic net by column": br.ElasticNetPrior(COLUMNS, 2 * COLUMNS),
}


def strengths(penalty):
    """A penalty's L1 and L2 strength as stated, 0 for a term that it has not."""
    if isinstance(penalty, br.L1):
        return penalty.strength, 0.0
    if isinstance(penalty, br.L2):
        return 0.0, penalty.strength
    return penalty.l1, penalty.l2


def has_terms(tool, prior):
    if isinstance(prior, br.Laplace):
        return tool not in ONLY_L2
    if isinstance(prior, br.Normal):
        return tool not in ONLY_L1
    return tool not in ONLY_L1 | ONLY_L2


def test_every_objective_is_tested():
    assert {objective.name for objective in br.objectives()} <= set(TOOLS) | ELSEWHERE


def test_the_minimizer_finds_zeros_and_the_least_squares():
    """The exact route itself, on a problem with a known answer."""
    target = np.array([3.0, 0.5, -2.0])
    np.testing.assert_allclose(minimize(lambda b: 0.5 * np.sum((b - target) ** 2) + np.sum(np.abs(b))), [2, 0, -1])
    np.testing.assert_allclose(minimize(rss), np.linalg.lstsq(X, Y)[0], rtol=1e-10)


CELLS = [(tool, name) for tool in TOOLS for name in PRIORS if has_terms(tool, PRIORS[name])]


@pytest.mark.parametrize(("tool", "name"), CELLS)
def test_map_is_the_minimum_of_the_tools_objective(tool, name):
    prior = PRIORS[name]
    a, c = strengths(br.to_penalty(prior, objective=tool, **SETTING))
    found = minimize(lambda beta: TOOLS[tool](a, c, beta))
    expected = minimize(negative_log_posterior(prior))
    np.testing.assert_array_equal(found == 0, expected == 0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_examples_have_zeros_and_shrinkage():
    """Otherwise agreement would say little."""
    least_squares = minimize(rss)
    for name, prior in PRIORS.items():
        beta = minimize(negative_log_posterior(prior))
        assert np.any(beta == 0) == ("normal" not in name)
        assert np.max(np.abs(beta - least_squares)) > 0.02


# Which of the three numbers each tool's strengths depend on; sd_y only in glmnet's L2 term.
NEEDS = {tool: {"sigma", "n"} for tool in TOOLS}
NEEDS |= {tool: {"sigma"} for tool in ("half_rss", "scaled_nll", "rss", "sklearn.Ridge", "park_casella")}
NEEDS |= {"nll": set(), "glmnet": {"sigma", "n", "sd_y"}}


@pytest.mark.parametrize(("tool", "name"), [cell for cell in CELLS if "by column" not in cell[1]])
def test_a_planted_mistake_moves_the_minimum(tool, name):
    """σ² for σ, n² for n, s_y² for s_y: what is compared above moves, unless the tool has no use for the number."""
    expected = minimize(negative_log_posterior(PRIORS[name]))
    for field, value in SETTING.items():
        a, c = strengths(br.to_penalty(PRIORS[name], objective=tool, **(SETTING | {field: value**2})))
        moved = np.max(np.abs(minimize(lambda beta, a=a, c=c: TOOLS[tool](a, c, beta)) - expected))
        has_use = field in NEEDS[tool] and not (field == "sd_y" and name == "laplace")
        assert moved > 1e-3 if has_use else moved < 1e-10


@pytest.mark.parametrize(
    "scaled", [br.Laplace(0.15, scaled_by_sigma=True), br.Normal(0.4, scaled_by_sigma=True)], ids=repr
)
def test_a_prior_scaled_by_sigma_is_the_prior_with_sigma_in_it(scaled):
    plain = type(scaled)(scaled.scale * SIGMA)
    for tool in TOOLS:
        if has_terms(tool, plain):
            ours = strengths(br.to_penalty(scaled, objective=tool, **SETTING))
            assert ours == pytest.approx(strengths(br.to_penalty(plain, objective=tool, **SETTING)), rel=1e-14)


def test_park_casella_is_laplace_with_scale_sigma_over_lambda():
    """Their λ is that of the prior scaled by sigma, whose own scale is 1/λ."""
    assert br.to_prior(br.L1(4.0), sigma=SIGMA, objective="park_casella") == br.Laplace(SIGMA / 4)
    assert br.to_prior(br.L1(4.0), objective="park_casella") == br.Laplace(0.25, scaled_by_sigma=True)
    assert br.convert(4.0, "park_casella", "half_rss", sigma=SIGMA) == pytest.approx(4 * SIGMA, rel=1e-15)


# The packages themselves, each called as its user would, with the strengths of the dictionary.


def fit_sklearn_lasso(a, c):
    from sklearn.linear_model import Lasso

    return Lasso(alpha=a, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, Y).coef_


def fit_sklearn_elastic_net(a, c):
    from sklearn.linear_model import ElasticNet

    model = ElasticNet(alpha=a + c, l1_ratio=a / (a + c), fit_intercept=False, tol=1e-14, max_iter=100_000)
    return model.fit(X, Y).coef_


def fit_sklearn_ridge(a, c):
    from sklearn.linear_model import Ridge

    return Ridge(alpha=c, fit_intercept=False, solver="svd").fit(X, Y).coef_


def fit_skglm_lasso(a, c):
    import skglm

    return skglm.Lasso(alpha=a, fit_intercept=False, tol=1e-14).fit(np.asfortranarray(X), Y).coef_


def fit_skglm_elastic_net(a, c):
    import skglm

    model = skglm.ElasticNet(alpha=a + c, l1_ratio=a / (a + c), fit_intercept=False, tol=1e-14)
    return model.fit(np.asfortranarray(X), Y).coef_


def fit_statsmodels(a, c):
    import statsmodels.api as sm

    model = sm.OLS(Y, X)
    return model.fit_regularized(alpha=a + c, L1_wt=a / (a + c), maxiter=5_000, cnvrg_tol=1e-13).params


def descend_like_torch(a, c):
    """torch.optim.SGD(weight_decay=c) adds c·w to the gradient of MSELoss, which is RSS/n; run to its fixed point."""
    w = np.zeros(3)
    for _ in range(20_000):
        gradient = 2 * X.T @ (X @ w - Y) / N
        w = w - 0.05 * (gradient + c * w)
    return w


PACKAGES = [
    ("sklearn.Lasso", "laplace", fit_sklearn_lasso, 1e-9),
    ("sklearn.ElasticNet", "elastic net", fit_sklearn_elastic_net, 1e-9),
    ("sklearn.Ridge", "normal", fit_sklearn_ridge, 1e-10),
    ("skglm.Lasso", "laplace", fit_skglm_lasso, 1e-9),
    ("skglm.ElasticNet", "elastic net", fit_skglm_elastic_net, 1e-9),
    ("statsmodels", "laplace", fit_statsmodels, 1e-9),
    ("statsmodels", "elastic net", fit_statsmodels, 1e-9),
    ("statsmodels", "normal", fit_statsmodels, 1e-9),
    ("torch.weight_decay", "normal", descend_like_torch, 1e-10),
    ("torch.weight_decay", "normal by column", descend_like_torch, 1e-10),
]


@pytest.mark.parametrize(("tool", "name", "fit", "tolerance"), PACKAGES, ids=lambda v: v if isinstance(v, str) else "")
def test_map_is_what_the_package_returns(tool, name, fit, tolerance):
    found = fit(*strengths(br.to_penalty(PRIORS[name], objective=tool, **SETTING)))
    expected = minimize(negative_log_posterior(PRIORS[name]))
    np.testing.assert_array_equal(found == 0, expected == 0)
    np.testing.assert_allclose(found, expected, rtol=tolerance)


# Logistic regression: Bernoulli rows, so that sigma has no part in it.
LABELS = (X @ np.array([1.0, 0.1, -0.5]) + _rng.logistic(size=N) > 0).astype(float)


def bernoulli_pull(beta):
    """Derivative of the Bernoulli log likelihood."""
    return X.T @ (LABELS - 1 / (1 + np.exp(-X @ beta)))


def assert_is_mode(beta, b, s, tolerance):
    """β minimizes −log likelihood + Σ|β|/b + Σβ²/(2s²): the conditions that only the minimum of a convex sum meets."""
    pull = bernoulli_pull(beta) - beta / s**2
    zero = beta == 0
    assert np.all(np.abs(pull[zero]) <= 1 / b)
    np.testing.assert_allclose(pull[~zero], np.sign(beta[~zero]) / b, atol=tolerance)


def fit_logistic(C, l1_ratio, solver):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver=solver, fit_intercept=False, tol=1e-12, max_iter=200_000, random_state=0
    )
    return model.fit(X, LABELS).coef_[0]


@pytest.mark.parametrize("b", [0.2, 1.0])
def test_logistic_lasso_is_the_mode_under_a_laplace_prior(b):
    C = br.to_penalty(br.Laplace(b), objective="sklearn.LogisticRegression").strength
    beta = fit_logistic(C, 1.0, "saga")
    assert_is_mode(beta, b, np.inf, 1e-8)
    assert np.any(beta == 0) == (b == 0.2)


@pytest.mark.parametrize("s", [0.2, 1.0])
def test_logistic_ridge_is_the_mode_under_a_normal_prior(s):
    C = br.to_penalty(br.Normal(s), objective="sklearn.LogisticRegression").strength
    assert_is_mode(fit_logistic(C, 0.0, "newton-cholesky"), np.inf, s, 1e-8)


def test_logistic_elastic_net_is_the_mode_under_both():
    """scikit-learn's weights are l1_ratio/C = 1/b and (1 − l1_ratio)/C = 1/s²; the dictionary gives b and s²."""
    penalty = br.to_penalty(br.ElasticNetPrior(0.4, 0.9), objective="sklearn.LogisticRegression")
    C = 1 / (1 / penalty.l1 + 1 / penalty.l2)
    assert_is_mode(fit_logistic(C, C / penalty.l1, "saga"), 0.4, 0.9, 1e-8)


# Round trips.

# Every name under every family that it has; an alias stands beside the name that it means.
ROWS = [(objective.name, family) for objective in br.objectives() for family in objective.families]
ROWS += [("skglm.Lasso", "gaussian"), ("statsmodels.OLS", "gaussian"), ("statsmodels.GLM", "poisson")]
OBJECTIVES = [name for name, family in ROWS if family == "gaussian"]
TERMS = {objective.name: objective.terms for objective in br.objectives()}
TERMS |= dict.fromkeys(("skglm.Lasso", "statsmodels.OLS", "statsmodels.GLM"), ("l1", "l2"))
FORMS = st.sampled_from(["number", "array", "mapping"])
positive = st.floats(1e-4, 1e4)
numbers = st.fixed_dictionaries(
    {"sigma": st.floats(1e-2, 1e2), "n": st.integers(1, 10**6), "sd_y": st.floats(1e-2, 1e2)}
)


@st.composite
def columns(draw, edge=None):
    """A number, an array or a mapping of positive numbers, with the edge value (0 or inf) now and then."""
    one = positive if edge is None else st.one_of(positive, positive, st.just(edge))
    form = draw(FORMS)
    if form == "number":
        return draw(one)
    values = draw(st.lists(one, min_size=3, max_size=3))
    return np.array(values) if form == "array" else dict(zip("abc", values, strict=True))


def assert_same(found, expected, rel=1e-12):
    """Same form, same numbers."""
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    np.testing.assert_allclose(found, expected, rtol=rel)


def of_family(setting, family):
    """The numbers of a conversion for a family: none of Bernoulli's and Poisson's is a sigma."""
    given = {name: value for name, value in setting.items() if name != "sigma" or NAMED[family].has_sigma}
    return given | {"family": family}


@pytest.mark.parametrize(("objective", "family"), ROWS)
@steady
@given(data=st.data(), setting=numbers)
def test_prior_to_penalty_and_back(objective, family, data, setting):
    setting = of_family(setting, family)
    # C = inf, the flat prior of an inverse objective, has a test of its own.
    scale = columns(edge=None if objective == "sklearn.LogisticRegression" else np.inf)
    for term, make in (("l1", br.Laplace), ("l2", br.Normal)):
        if term in TERMS[objective]:
            prior = make(data.draw(scale))
            there = br.to_penalty(prior, objective=objective, **setting)
            back = br.to_prior(there, objective=objective, **setting)
            assert type(back) is make
            assert there.objective == back_name(objective)
            assert_same(back.scale, prior.scale)
    if TERMS[objective] == ("l1", "l2"):
        both = br.ElasticNetPrior(data.draw(scale), data.draw(scale))
        back = br.to_prior(br.to_penalty(both, objective=objective, **setting), objective=objective, **setting)
        assert_same(back.laplace_scale, both.laplace_scale)
        assert_same(back.normal_scale, both.normal_scale)


def back_name(objective):
    """What an alias stands for."""
    return {"skglm.Lasso": "skglm"}.get(objective, objective.replace(".OLS", "").replace(".GLM", ""))


@pytest.mark.parametrize(("objective", "family"), ROWS)
@steady
@given(data=st.data(), setting=numbers)
def test_penalty_to_prior_and_back(objective, family, data, setting):
    setting = of_family(setting, family)
    strength = columns(edge=None if objective == "sklearn.LogisticRegression" else 0.0)
    for term, make in (("l1", br.L1), ("l2", br.L2)):
        if term in TERMS[objective]:
            penalty = make(data.draw(strength), objective)
            there = br.to_prior(penalty, **setting)
            assert_same(br.to_penalty(there, objective=objective, **setting).strength, penalty.strength)


@pytest.mark.parametrize(("objective", "family"), ROWS)
def test_a_flat_prior_is_no_penalty(objective, family):
    """A scale of infinity is a strength of 0, or C = inf where the tool states the inverse, and comes back."""
    unpenalized = np.inf if objective == "sklearn.LogisticRegression" else 0.0
    prior = br.Laplace(np.inf) if "l1" in TERMS[objective] else br.Normal(np.inf)
    setting = of_family(SETTING, family)
    penalty = br.to_penalty(prior, objective=objective, **setting)
    assert penalty.strength == unpenalized
    assert br.to_prior(penalty, objective=objective, **setting).scale == np.inf


@pytest.mark.parametrize(
    "prior", [br.Laplace(2.0, scaled_by_sigma=True), br.Normal(2.0, scaled_by_sigma=True)], ids=repr
)
def test_sigma_is_not_asked_for_where_it_cancels(prior):
    """λ_pc = 1/b and κ = σ²/(σs)² do not depend on sigma."""
    objective = "park_casella" if isinstance(prior, br.Laplace) else "half_rss"
    known = br.to_penalty(prior, sigma=3.0, objective=objective).strength
    assert br.to_penalty(prior, objective=objective).strength == pytest.approx(known, rel=1e-14)


@pytest.mark.parametrize("scale", [1e-150, 1e-200, 1e150, 1e200])
@pytest.mark.parametrize("form", [float, lambda value: np.array([value])], ids=["number", "array"])
def test_extreme_normal_scales_give_a_strength_or_a_named_error(scale, form):
    """Squared they leave the range of numbers; nothing but an underflow to 0 may happen silently."""
    try:
        strength = br.to_penalty(br.Normal(form(scale)), sigma=1.0).strength
    except PriorError:
        return
    with np.errstate(under="ignore"):
        np.testing.assert_allclose(strength, (1 / np.float64(scale)) ** 2, rtol=1e-12)


# convert


@st.composite
def pairs(draw):
    """Two objectives, and a term and a family that both have."""
    term = draw(st.sampled_from(["l1", "l2"]))
    family = draw(st.sampled_from(sorted({family for _, family in ROWS})))
    names = st.sampled_from([name for name, one in ROWS if one == family and term in TERMS[name]])
    return draw(names), draw(names), term, family


@steady
@given(pairs(), columns(), numbers)
def test_convert_is_to_prior_then_to_penalty(pair, strength, setting):
    source, target, term, family = pair
    setting = of_family(setting, family)
    penalty = {"l1": br.L1, "l2": br.L2}[term](strength, source)
    through_prior = br.to_penalty(br.to_prior(penalty, **setting), objective=target, **setting)
    assert_same(br.convert(strength, source, target, term=term, **setting), through_prior.strength)


@steady
@given(pairs(), columns(), numbers)
def test_convert_there_and_back_is_the_identity(pair, strength, setting):
    source, target, term, family = pair
    setting = of_family(setting, family)
    there = br.convert(strength, source, target, term=term, **setting)
    assert_same(br.convert(there, target, source, term=term, **setting), strength)


@pytest.mark.parametrize("target", ["sklearn.LogisticRegression", "glmnet"])
def test_convert_turns_no_penalty_into_no_penalty(target):
    """0 becomes C = inf, and C = inf becomes 0."""
    none = {"sklearn.LogisticRegression": np.inf}
    for source in ("sklearn.LogisticRegression", "nll"):
        found = br.convert(none.get(source, 0.0), source, target, term="l1", n=40, family="bernoulli")
        assert found == none.get(target, 0.0)


RESIDUAL_SUMS = [name for name in OBJECTIVES if name not in {"nll", "park_casella"}]


@pytest.mark.parametrize("source", RESIDUAL_SUMS)
def test_between_residual_sums_sigma_is_not_asked_for(source):
    for target in RESIDUAL_SUMS:
        for term in set(TERMS[source]) & set(TERMS[target]):
            assert br.convert(1.0, source, target, term=term, n=N, sd_y=SD_Y) > 0


def is_missing(number, call):
    """Whether a call raises for want of this number; any other error is raised on."""
    try:
        call()
    except ObjectiveError as error:
        if f"needs {number};" in str(error):
            return True
        raise
    return False


@pytest.mark.parametrize("source", OBJECTIVES)
@pytest.mark.parametrize("missing", ["n", "sigma", "sd_y"])
def test_convert_asks_for_what_the_answer_depends_on_and_for_nothing_else(source, missing):
    """A number is needed exactly if another value of it changes the answer; the message names it."""
    others = {field: value for field, value in SETTING.items() if field != missing}
    asked, needed = [], []
    for target in OBJECTIVES:
        for term in sorted(set(TERMS[source]) & set(TERMS[target])):
            answers = [br.convert(1.0, source, target, term=term, **others, **{missing: value}) for value in (2.0, 3.0)]
            if abs(answers[0] / answers[1] - 1) > 1e-9:
                needed.append((target, term))
            if is_missing(
                missing, lambda target=target, term=term: br.convert(1.0, source, target, term=term, **others)
            ):
                asked.append((target, term))
    assert asked == needed


def test_a_term_that_both_tools_have_must_be_named():
    with pytest.raises(ObjectiveError, match='both have an L1 and an L2 term; say term="l1" or term="l2"'):
        br.convert(1.0, "half_rss", "glmnet", n=N, sd_y=SD_Y)


@pytest.mark.parametrize(
    ("source", "target", "term"),
    [
        ("sklearn.Lasso", "glmnet", "l1"),
        ("glmnet", "sklearn.Lasso", "l1"),
        ("sklearn.Ridge", "glmnet", "l2"),
        ("mse", "torch.weight_decay", "l2"),
        ("park_casella", "half_rss", "l1"),
    ],
)
def test_a_term_that_only_one_tool_has_need_not_be_named(source, target, term):
    named = br.convert(0.7, source, target, term=term, **SETTING)
    assert br.convert(0.7, source, target, **SETTING) == named


@pytest.mark.parametrize("pair", [("sklearn.Lasso", "sklearn.Ridge"), ("park_casella", "torch.weight_decay")], ids=str)
def test_tools_without_a_common_term_have_no_conversion(pair):
    with pytest.raises(ObjectiveError, match="no penalty term in common"):
        br.convert(1.0, *pair, **SETTING)


@pytest.mark.parametrize("term", ["L1", "lasso", "", 1], ids=repr)
def test_an_unknown_term_is_refused(term):
    with pytest.raises(ObjectiveError, match='term must be "l1" or "l2"'):
        br.convert(1.0, "half_rss", "rss", term=term)


@pytest.mark.parametrize("strength", [-1.0, np.nan, "1", True, None, {}, []], ids=repr)
def test_a_bad_strength_is_refused(strength):
    with pytest.raises(PriorError, match="strength"):
        br.convert(strength, "half_rss", "rss", term="l1")


@pytest.mark.parametrize("C", [0.0, -1.0, np.nan])
def test_a_bad_inverse_strength_is_refused(C):
    with pytest.raises(PriorError):
        br.convert(C, "sklearn.LogisticRegression", "nll", term="l1")
    with pytest.raises(PriorError):
        br.to_prior(br.L1(C, "sklearn.LogisticRegression"))


@pytest.mark.parametrize("other", [br.L1(1.0), 1.0, None, br.HalfNormal(1.0), br.Laplace], ids=repr)
def test_only_a_prior_has_a_penalty(other):
    with pytest.raises(PriorError, match="expected a Laplace, Normal or ElasticNetPrior"):
        br.to_penalty(other, sigma=1.0)


@pytest.mark.parametrize("other", [br.Laplace(1.0), 1.0, None, br.L1], ids=repr)
def test_only_a_penalty_has_a_prior(other):
    with pytest.raises(PriorError, match="expected an L1, L2 or ElasticNet"):
        br.to_prior(other, sigma=1.0)


def test_a_prior_with_another_mean_has_no_penalty():
    with pytest.raises(PriorError, match=r"loc=1.0"):
        br.to_penalty(br.Normal(1.0, loc=1.0), sigma=1.0)


def test_a_penalty_keeps_the_objective_that_it_was_stated_for():
    penalty = br.to_penalty(br.Laplace(0.5), objective="sklearn.Lasso", **SETTING)
    assert br.to_prior(penalty, **SETTING).scale == pytest.approx(0.5, rel=1e-15)
    with pytest.raises(ObjectiveError, match=r'stated for "sklearn.Lasso", but objective="rss"'):
        br.to_prior(penalty, objective="rss", **SETTING)


def test_an_alias_is_the_objective_that_it_names():
    penalty = br.L1(0.5, "skglm")
    assert br.to_prior(penalty, objective="skglm.Lasso", **SETTING) == br.to_prior(penalty, **SETTING)
    assert br.to_prior(br.L1(0.5, "skglm.Lasso"), objective="skglm", **SETTING) == br.to_prior(penalty, **SETTING)
