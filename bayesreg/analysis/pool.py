"""Posteriors of several completed frames as one: a mixture, whose spread includes that between the completions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.from_tree import refuse_projected
from bayesreg.errors import DataError

if TYPE_CHECKING:
    from xarray import DataTree

# What is stated on the user's own columns, and so means the same in each frame.
POOLED = ("coef", "intercept", "sigma")
SAME = ("family_settings", "prior", "prior_settings", "scale", "target", "n")


def pool(posteriors: "Sequence[DataTree]") -> "DataTree":
    """Pool the posteriors of one regression on several frames in which missing values were imputed.

    The draws of all are those of the posterior given what was observed, averaged over the imputations (Gelman et al.
    2013, §18.2): the pooled variance holds that within the frames and that between them, as Rubin's rules have it.

    Parameters
    ----------
    posteriors : sequence of DataTree
        Of :func:`sample`, two or more, of the same columns, prior, family and numbers of rows, chains and draws.

    Returns
    -------
    DataTree
        With the chains of all one after the other: `coef`, `intercept` and `sigma` on the user's columns. What is
        stated on standardized columns, which differ between the frames, is left out, and so are the rows.

    Raises
    ------
    DataError
        If there are fewer than two, or they are not of the same regression.

    See Also
    --------
    sample : Posterior draws.
    predict : Predictions for new rows.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari & Rubin 2013, "Bayesian Data Analysis", 3rd edition, chapter 18.

    Examples
    --------
    >>> import bayesreg as br
    >>> import numpy as np
    >>> frame, target = br.load_dataset("diabetes")
    >>> rng = np.random.default_rng(0)
    >>> holes = rng.random(len(frame)) < 0.2
    >>> def completed():
    ...     return frame.assign(bmi=frame["bmi"].where(~holes, rng.choice(frame["bmi"][~holes], len(frame))))
    >>> regs = [br.Regression(completed(), target, prior=br.Normal(10.0), sigma=54.0) for _ in range(3)]
    >>> pooled = br.pool([br.sample(reg, random_seed=1) for reg in regs])
    >>> pooled["posterior"].sizes["chain"], pooled.attrs["pooled"]
    (12, 3)
    """
    from xarray import DataTree, concat

    trees = list(posteriors)
    if len(trees) < 2 or not all(isinstance(tree, DataTree) and "posterior" in tree.children for tree in trees):
        raise DataError("expected two or more DataTrees of br.sample, one for each imputed frame.")
    for tree in trees:
        refuse_projected(tree)
    _check_same(trees)
    kept = [name for name in POOLED if name in trees[0]["posterior"]]
    parts = [tree["posterior"].to_dataset()[kept] for tree in trees]
    chains = parts[0].sizes["chain"]
    parts = [part.assign_coords(chain=np.arange(chains) + k * chains) for k, part in enumerate(parts)]
    names = ("modeling_interface", "family", "sigma", "intercept", *SAME)
    attributes = {name: trees[0].attrs[name] for name in names if name in trees[0].attrs} | {"pooled": len(trees)}
    whole = concat(parts, dim="chain").assign_attrs(attributes)
    groups = {"posterior": whole}
    if "constant_data" in trees[0].children and "sigma" in trees[0]["constant_data"]:
        groups["constant_data"] = trees[0]["constant_data"].to_dataset()[["sigma"]]
    tree = DataTree.from_dict(groups)
    tree.attrs = attributes
    return tree


def _check_same(trees: "Sequence[DataTree]") -> None:
    def described(tree: "DataTree") -> dict[str, object]:
        posterior = tree["posterior"]
        sizes = {name: posterior.sizes.get(name) for name in ("chain", "draw")}
        columns = {"columns": [str(name) for name in posterior["coef_name"].to_numpy()]}
        # A prior of sigma may follow the spread of an imputed target; a known sigma may not.
        sigma = tree.attrs.get("sigma")
        known = {"sigma": None if isinstance(sigma, str) else sigma}
        return {name: tree.attrs.get(name) for name in SAME} | known | sizes | columns

    first = described(trees[0])
    for k, tree in enumerate(trees[1:], start=2):
        other = described(tree)
        differing = [name for name, value in first.items() if other[name] != value]
        if differing:
            name = differing[0]
            raise DataError(
                f"posterior 1 has {name} {first[name]}, posterior {k} has {other[name]}; sample the same regression on "
                "each frame, with the same settings."
            )
