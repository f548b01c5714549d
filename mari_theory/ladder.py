r"""The ladder of access to an answer: first token, first k tokens, whole answer, all answers of an owner (T35).

Each rung is a function of the next, so its divergence is at most the next one's (T3, T11). A mixture of seeds enters by the average of its
models' laws of *whole prefixes*: the average of the joint arrays below. The product of averaged conditionals is another law; two seeds that
answer "aa" or "bb" against two that answer "ab" or "ba" are told apart with certainty, and agree in those products. Laws of the next token
given the true prefix and of a choice among given options are answers to another question: they have no order with the answer's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require
from mari_theory.units import Floats


def prefix_profile(p: ArrayLike, q: ArrayLike, weight: float = 0.5) -> Floats:
    r"""Divergence of the laws of the first k tokens, for k = 1 to T (T35), in nats.

    .. math:: J_k = JSD_w\big(P(X_{1:k}), Q(X_{1:k})\big), \quad J_1 \le J_2 \le \dots \le J_T

    Parameters: `p`, `q` joint laws of T >= 1 tokens (or of an owner's T answers), one axis a position, axis 0 the first: shape
    (options,) * T, numbers of options may differ between positions, both arms alike. For a mixture of seeds pass the average of its models'
    joint laws. `weight` w = P(Z = 1) in (0, 1). Returns shape (T,), values in [0, h(w)], not decreasing up to rounding.
    Raises `ArgumentError` on different shapes, on no axis, and on NaN, negative or unnormalised input. Source: data processing; T3, T11, T35.

    >>> import numpy as np
    >>> repeats, changes = np.eye(2) / 2, np.eye(2)[::-1] / 2
    >>> prefix_profile(repeats, changes).round(4).tolist()
    [0.0, 0.6931]
    """
    left, right = (np.asarray(x, dtype=np.float64) for x in (p, q))
    require(left.ndim >= 1, "p", "one axis for each token", f"shape {left.shape}")
    require(left.shape == right.shape, "q", f"the shape of p, {left.shape}", f"shape {right.shape}")
    rungs: list[float] = []
    while left.ndim:
        # Only the whole laws are validated: what sums make of valid laws is valid.
        rungs.append(float(jensen_shannon(left.ravel(), right.ravel(), weight, check=not rungs)))
        left, right = left.sum(axis=-1), right.sum(axis=-1)
    return np.array(rungs[::-1])
