"""
Choose the strength five ways
=============================

Cross-validation asks what predicts; the evidence asks which prior would have expected these data; a hyperprior learns
the scale with everything else. They need not agree, and it is worth seeing how much they differ.
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.8), sigma=54.0)

choices = br.select(reg, by=["cv", "aic", "bic", "evidence", "full_bayes"], random_seed=0)
print(choices)

# %%

figure = br.plot_selection(choices)
