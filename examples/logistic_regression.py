"""
What does LogisticRegression's C believe?
=========================================

``LogisticRegression(C=1)`` is the mode under a Normal prior of standard deviation 1 on log odds ratios. Its posterior
gives an interval for each, and probabilities that are averaged over it.
"""

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br

X, y = load_breast_cancer(as_frame=True, return_X_y=True)
X = X.iloc[:, :10]

fitted = make_pipeline(StandardScaler(), LogisticRegression(C=1.0)).fit(X, y)
explained = br.explain(fitted, X, y, random_seed=0)
print(explained)

# %%

figure = br.plot_shrinkage(explained.idata)
