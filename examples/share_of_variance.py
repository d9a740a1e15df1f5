"""
From a guess of R² to a prior
=============================

"These columns should explain about half of the variance." ``from_r2`` gives each prior the scale that says so. What
they then say of a single coefficient differs: the Laplace prior expects more that are small, and a few that are larger.
"""

import bayesreg as br

priors = [kind.from_r2(0.5, p=10, sigma=54.0) for kind in (br.Laplace, br.Normal)]
print(*priors, sep="\n")
figure = br.plot_prior(priors)
