r"""From single models to mixtures of seeds: what averaging over trained models does to a divergence (T33).

For models drawn independently from one training recipe, the expected divergence of the averages over k seeds an arm,

.. math:: J_k = E \, JSD\Big(\tfrac1k \sum_{i \le k} P_i, \tfrac1k \sum_{i \le k} Q_i\Big),

never rises with k and tends to the divergence of the seed-averaged laws. So J_1, of single models, bounds every mixture's from above,
and nothing bounds it the other way: n models, each sure of an answer of its own, are told apart from all but one of n single oracles
while the two mixtures agree. A certificate of a mixture says nothing of one released model.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import cast

from jaxtyping import Float

from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require
from mari_theory.kernels.arrays import AnyArray, Array, Namespace, as_float_arrays, validate_distribution

MOST_PAIRS = 1_000_000
"""Pairs of mixtures that `mean_mixture_divergence` is ready to go through."""


def mixture_divergence(
    p: Float[AnyArray, "p_models ... options"], q: Float[AnyArray, "q_models ... options"], *, check: bool = True
) -> Float[AnyArray, ...]:
    r"""Divergence of the two mixtures, each model of an arm equally likely (T25, T33), in nats.

    .. math:: JSD\Big(\tfrac1n \sum_i P_i, \tfrac1m \sum_j Q_j\Big)

    Parameters: `p`, `q` probabilities, one law for each model, shapes (models, ..., options); the numbers of models may differ, the axes
    between are batched and broadcast. `check` validates every model's law. Returns values in [0, ln 2], shape (...).
    Raises `ArgumentError` on an arm without models and on laws with NaN, negative or unnormalised entries. Source: joint convexity; T33.

    >>> import numpy as np
    >>> sure = np.eye(4)
    >>> float(mixture_divergence(sure, sure[::-1])), round(float(mixture_divergence(sure[:1], sure[1:])), 4)
    (0.0, 0.6931)
    """
    xp, x, y = _models(p, q, check)
    return cast(AnyArray, jensen_shannon(_mean(xp, x), _mean(xp, y), check=False))


def mean_mixture_divergence(
    p: Float[AnyArray, "p_models ... options"],
    q: Float[AnyArray, "q_models ... options"],
    k: int,
    *,
    check: bool = True,
) -> Float[AnyArray, ...]:
    r"""Average divergence of mixtures of k models: over all choices of k models of each arm, exactly (T33), in nats.

    .. math:: \hat J_k = \binom nk^{-1} \binom mk^{-1} \sum_{|S| = |T| = k} JSD\Big(\tfrac1k \sum_{i \in S} P_i, \tfrac1k \sum_{j \in T} Q_j\Big)

    For independent models its expectation is J_k; like J_k it never rises with k. At k = 1 it is the mean over pairs of single models (T25);
    where both arms have k models it is `mixture_divergence`.

    Parameters: as in `mixture_divergence`; `k` from 1 to the smaller number of models. Returns values in [0, ln 2], shape (...).
    Raises `ArgumentError`, also where there are more than `MOST_PAIRS` pairs of mixtures. Source: leave-one-out averages; T33.

    >>> import numpy as np
    >>> sure = np.eye(4)
    >>> [round(float(mean_mixture_divergence(sure, sure, k)), 4) for k in (1, 2, 3, 4)]
    [0.5199, 0.3466, 0.1733, 0.0]
    """
    xp, x, y = _models(p, q, check)
    n, m = x.shape[0], y.shape[0]
    whole = isinstance(k, int) and not isinstance(k, bool)
    require(whole and 1 <= k <= min(n, m), "k", f"a whole number from 1 to {min(n, m)}, the models of an arm", k)
    pairs = math.comb(n, k) * math.comb(m, k)
    require(pairs <= MOST_PAIRS, "k", f"at most {MOST_PAIRS:,} pairs of mixtures", f"{pairs:,} of {k} models")
    right = [_mean(xp, y[list(chosen)]) for chosen in combinations(range(m), k)]
    total: Array | float = 0.0
    for chosen in combinations(range(n), k):
        left = _mean(xp, x[list(chosen)])
        for other in right:
            total = jensen_shannon(left, other, check=False) + total
    return cast(AnyArray, total / pairs)


def _models(p: AnyArray, q: AnyArray, check: bool) -> tuple[Namespace, Array, Array]:
    xp, (x, y) = as_float_arrays(p, q)
    for name, laws in (("p", x), ("q", y)):
        require(
            laws.ndim >= 2 and laws.shape[0] >= 1,
            name,
            "an array (models, ..., options), one model at least",
            laws.shape,
        )
        if check:
            validate_distribution(xp, name, laws, -1, False)
    return xp, x, y


def _mean(xp: Namespace, laws: Array) -> Array:
    return xp.sum(laws, axis=0) / laws.shape[0]
