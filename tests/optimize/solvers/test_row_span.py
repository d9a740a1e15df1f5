"""Normal priors on more columns than rows: as many coefficients as rows, and the same minimum."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model.objective import strengths_at
from bayesreg.optimize.at_sigma import first_point
from bayesreg.optimize.solvers import absolute_loss, proximal_newton, row_span

SOLVERS = {"laplace": absolute_loss}


def regression(family, n, p, intercept=True, **given):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(n, p))
    eta = X[:, :4] @ [1.0, -1.0, 0.5, 0.3]
    y = {
        "bernoulli": lambda: (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(np.clip(eta, -3, 3))).astype(float),
        "student_t": lambda: eta + rng.normal(size=n),
        "laplace": lambda: eta + rng.laplace(size=n),
    }[family]()
    noise = {"sigma": 2.0} if family in ("student_t", "laplace") else {}
    scale = np.resize([0.1, 0.3], p)
    return br.Regression(X, y, prior=br.Normal(scale), family=family, intercept=intercept, **noise, **given)


@pytest.mark.parametrize("intercept", [True, False, br.Normal(1.0)], ids=repr)
@pytest.mark.parametrize("family", ["bernoulli", "poisson", "student_t", "laplace"])
def test_it_is_the_minimum_over_all_columns(family, intercept):
    weights = np.random.default_rng(8).uniform(0.5, 2, 30)
    reg = regression(family, 30, 120, intercept, weights=weights, offset=np.linspace(-0.5, 0.5, 30))
    l1, l2 = strengths_at(reg, reg.noise.sigma)
    start = first_point(reg)
    assert row_span.suits(reg.row_loss, l1, l2)
    solve = SOLVERS.get(family, proximal_newton).minimize
    whole = solve(reg.row_loss, l1, l2, start)
    np.testing.assert_allclose(row_span.minimize(solve, reg.row_loss, l2, start), whole, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "laplace"])
def test_twenty_thousand_columns_take_no_matrix_of_their_square(family, monkeypatch):
    solver = SOLVERS.get(family, proximal_newton)
    widths, right = [], solver.minimize

    def watched(loss, *arguments):
        widths.append(loss.size)
        assert loss.size <= 101
        return right(loss, *arguments)

    monkeypatch.setattr(solver, "minimize", watched)
    fit = br.map_estimate(regression(family, 100, 20_000))
    # The centred rows span one direction less than there are rows; the intercept makes up for it.
    assert widths == [100]
    assert fit.certificate.kkt <= 1e-12
    assert fit.certificate.gap <= 1e-12


def test_an_l1_term_or_more_rows_than_columns_is_left_to_others():
    reg = regression("bernoulli", 30, 40)
    l1, l2 = strengths_at(reg, 1.0)
    assert not row_span.suits(reg.row_loss, l1 + 0.1, l2)
    tall = regression("bernoulli", 60, 40)
    assert not row_span.suits(tall.row_loss, *strengths_at(tall, 1.0))
