"""One sampler on one data set, in a process of its own: `posterior.py` starts it, in any interpreter that has it.

``python posterior_peers.py PEER data.npz out.npz '{"chains": 4, "tune": 1000, "draws": 1000, "repeats": 1}'``

Every model is the same, y ~ N(intercept + Z·beta, sigma), beta ~ Laplace(0, b), a flat intercept and
sigma ~ HalfStudentT(3, 2.5·sd(y)), as a user of the package writes it on the rows; bayesbridge has the scale-free
prior 1/sigma instead. A first, short call fills the caches. Out come the draws of the last call, (chains, draws,
p + 2), and the seconds of each call, by the wall clock and of the processors.
"""

import json
import os
import sys
import time
import warnings

import numpy as np

DF = 3.0


def clock():
    """Seconds of the wall clock, and of all processors on which this process and those that it waited for worked."""
    spent = os.times()
    return np.array([time.perf_counter(), spent[0] + spent[1] + spent[2] + spent[3]])


def stacked(beta, intercept, sigma):
    return np.concatenate([beta, np.asarray(intercept)[..., None], np.asarray(sigma)[..., None]], axis=-1)


def pymc(Z, y, b, spread):
    """The whole of pm.sample, compiling from its cache included."""
    import pymc as pm

    with pm.Model() as model:
        beta = pm.Laplace("beta", 0, b, shape=Z.shape[1])
        intercept = pm.Flat("intercept", initval=y.mean())
        sigma = pm.HalfStudentT("sigma", DF, spread)
        pm.Normal("y", intercept + Z @ beta, sigma, observed=y)

    def call(chains, tune, draws, seed):
        with model:
            given = {"chains": chains, "tune": tune, "draws": draws, "random_seed": seed, "nuts_sampler": "pymc"}
            found = pm.sample(**given, progressbar=False, compute_convergence_checks=False)["posterior"]
        parts = (found[name].to_numpy() for name in ("beta", "intercept", "sigma"))
        return stacked(*parts)

    return call


def nutpie(Z, y, b, spread):
    """Sampling from a model that is already compiled."""
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        data, target = pm.Data("Z", Z), pm.Data("target", y)
        beta = pm.Laplace("beta", 0, b, shape=Z.shape[1])
        intercept = pm.Flat("intercept", initval=y.mean())
        sigma = pm.HalfStudentT("sigma", DF, spread)
        pm.Normal("y", intercept + data @ beta, sigma, observed=target)
    compiled = nutpie.compile_pymc_model(model)

    def call(chains, tune, draws, seed):
        given = {"chains": chains, "tune": tune, "draws": draws, "seed": seed}
        found = nutpie.sample(compiled, **given, progress_bar=False)["posterior"]
        return stacked(*(found[name].to_numpy() for name in ("beta", "intercept", "sigma")))

    return call


def numpyro(Z, y, b, spread):
    """Sampling by code that an earlier call has compiled."""
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    Z, y = jax.numpy.asarray(Z), jax.numpy.asarray(y)

    def model(Z, y):
        beta = numpyro.sample("beta", dist.Laplace(0.0, b).expand([Z.shape[1]]))
        intercept = numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
        scale = numpyro.sample("sigma", dist.FoldedDistribution(dist.StudentT(DF, 0.0, spread)))
        numpyro.sample("y", dist.Normal(intercept + Z @ beta, scale), obs=y)

    made = {}

    def call(chains, tune, draws, seed):
        if (tune, draws) not in made:
            made[tune, draws] = MCMC(NUTS(model), num_warmup=tune, num_samples=draws, progress_bar=False)
        parts = []
        for key in jax.random.split(jax.random.PRNGKey(seed), chains):
            made[tune, draws].run(key, Z, y)
            found = made[tune, draws].get_samples()
            parts.append([np.asarray(found[name]) for name in ("beta", "intercept", "sigma")])
        return stacked(*(np.stack(part) for part in zip(*parts, strict=True)))

    return call


def blackjax(Z, y, b, spread):
    """Window adaptation and NUTS as its guide writes them, one chain after another, compiled once."""
    import blackjax
    import jax
    import jax.numpy as jnp
    from jax.scipy import stats

    jax.config.update("jax_enable_x64", True)
    Z, y = jnp.asarray(Z), jnp.asarray(y)

    def density(at):
        sigma = jnp.exp(at["log_sigma"])
        prior = stats.laplace.logpdf(at["beta"], 0.0, b).sum() + stats.t.logpdf(sigma, DF, 0.0, spread)
        return prior + at["log_sigma"] + stats.norm.logpdf(y, at["intercept"] + Z @ at["beta"], sigma).sum()

    first = {"beta": jnp.zeros(Z.shape[1]), "intercept": y.mean(), "log_sigma": jnp.log(y.std())}
    made = {}

    def chain(tune, draws):
        def run(key):
            warm, main = jax.random.split(key)
            adapted, _ = blackjax.window_adaptation(blackjax.nuts, density).run(warm, first, num_steps=tune)
            kernel = blackjax.nuts(density, **adapted.parameters).step

            def step(state, key):
                state, _ = kernel(key, state)
                return state, state.position

            return jax.lax.scan(step, adapted.state, jax.random.split(main, draws))[1]

        return jax.jit(run)

    def call(chains, tune, draws, seed):
        if (tune, draws) not in made:
            made[tune, draws] = chain(tune, draws).lower(jax.random.PRNGKey(0)).compile()
        found = [made[tune, draws](key) for key in jax.random.split(jax.random.PRNGKey(seed), chains)]
        beta, intercept, log_sigma = (
            np.stack([np.asarray(one[name]) for one in found]) for name in ("beta", "intercept", "log_sigma")
        )
        return stacked(beta, intercept, np.exp(log_sigma))

    return call


def bayesbridge(Z, y, b, spread):
    """Two-block Gibbs under the bridge prior of exponent 1; its global scale, the mean of |beta|, is held at b."""
    import bayesbridge as bb

    def call(chains, tune, draws, seed):
        parts = []
        for chain in range(chains):
            model = bb.RegressionModel(y, Z, family="linear")
            bridge = bb.BayesBridge(model, bb.RegressionCoefPrior(bridge_exponent=1.0))
            found, _ = bridge.gibbs(
                tune + draws,
                tune,
                seed=seed + chain,
                init={"global_scale": b},
                params_to_save=("coef", "global_scale", "obs_prec"),
                options={"global_scale_update": None},
            )
            parts.append(stacked(found["coef"][1:].T, found["coef"][0], found["obs_prec"] ** -0.5))
        return np.stack(parts)

    return call


PEERS = {peer.__name__: peer for peer in (pymc, nutpie, numpyro, blackjax, bayesbridge)}
# Whose compiled code is for given counts of draws, so that only a call with these counts warms it.
COMPILED_BY_COUNT = ("numpyro", "blackjax")


def main(peer, data, out, plan):
    given, plan = np.load(data), json.loads(plan)
    call = PEERS[peer](given["Z"], given["y"], float(given["b"]), float(given["spread"]))
    counts = {name: plan[name] for name in ("chains", "tune", "draws")}
    call(**(counts | {"chains": 1} if peer in COMPILED_BY_COUNT else {"chains": 2, "tune": 20, "draws": 20}), seed=0)
    times = []
    for repeat in range(plan["repeats"]):
        start = clock()
        draws = call(**counts, seed=1 + repeat)
        times.append(clock() - start)
        np.savez(out, draws=draws, times=times)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
