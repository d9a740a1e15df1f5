"""
How few columns predict as well?
================================

A posterior without exact zeros can still be summed up by few columns: the smallest sparse summary that explains as
much of the variation as the whole posterior, within its uncertainty (Hahn & Carvalho 2015,
doi:10.1080/01621459.2014.993077).
"""

import bayesreg as br

frame, target = br.load_dataset("diabetes")
reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(br.HalfCauchy(20.0)))
idata = br.sample(reg, random_seed=0)

summaries = br.decoupled_selection(idata)
print(summaries)
figure = br.plot_dss(summaries)
