"""
From a million rows
===================

A Gaussian regression needs nothing of its rows but sums. ``br.moments`` adds them up in one pass, batch by batch, from
files, folders or any generator; after that, a fit costs the same whatever the number of rows.
"""

import numpy as np
import pandas as pd

import bayesreg as br


def batches(n_batches=20, rows=50_000):
    """Yield rows that are never all in memory."""
    for seed in range(n_batches):
        generator = np.random.default_rng(seed)
        X = generator.standard_normal((rows, 8))
        y = X @ [0.5, 0.02, 0.01, 0.005, 0.0, 0.0, 0.0, -0.3] + generator.standard_normal(rows)
        yield pd.DataFrame({**dict(zip("abcdefgh", X.T, strict=True)), "y": y})


moments = br.moments(batches(), target="y")
reg = br.Regression.from_moments(moments, prior=br.Laplace(0.05))
print(reg)

# %%
# With a million rows, effects of a hundredth of the noise are seen.

figure = br.plot_shrinkage(br.sample(reg, random_seed=0))
