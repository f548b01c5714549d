"""Divergences between distributions on a finite set, in nats, for NumPy arrays and torch tensors.

Every function takes probabilities, or log-probabilities with `log=True` (`-inf` allowed), along `axis`;
leading axes are batched and broadcast. Values keep autograd when the inputs are torch tensors.
Sums are of non-negative terms, so small divergences keep their digits (see `jensen_shannon`).
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from array_api_compat import is_torch_array
from jaxtyping import Float

from mari_theory.errors import require, require_fraction
from mari_theory.kernels.arrays import (
    AnyArray,
    Array,
    Namespace,
    as_float_arrays,
    at_least_minus_one,
    bregman_one_plus,
    jensen_shannon_terms,
    log_gap,
    prepare_pair,
    validate_distribution,
)
from mari_theory.kernels.half_weight import half_weight_rows
from mari_theory.units import AnyFloats


def binary_entropy(t: float) -> float:
    """h(t) = -t ln t - (1-t) ln(1-t) for t in [0, 1], in nats.

    >>> round(binary_entropy(0.5), 12) == round(math.log(2), 12)
    True
    """
    require(0.0 <= t <= 1.0, "t", "a number in [0, 1]", t)
    return -sum(x * math.log(x) for x in (t, 1.0 - t) if x > 0.0)


def entropy(p: Float[AnyArray, ...], *, log: bool = False, axis: int = -1, check: bool = True) -> Float[AnyArray, ...]:
    """Shannon entropy H(p) = -sum p ln p, in nats.

    Parameters: `p` probabilities or log-probabilities along `axis`. Returns the shape without `axis`.
    Raises `ArgumentError` on NaN, negative or unnormalised input.

    >>> import numpy as np
    >>> float(entropy(np.array([0.25, 0.25, 0.25, 0.25]))) == math.log(4)
    True
    """
    xp, (x,) = as_float_arrays(p)
    if check:
        validate_distribution(xp, "p", x, axis, log)
    mass: Array = xp.exp(x) if log else x
    positive = mass > 0
    log_mass = x if log else xp.log(xp.where(positive, x, xp.ones_like(x)))
    return cast(AnyArray, -xp.sum(mass * xp.where(positive, log_mass, xp.zeros_like(x)), axis=axis))


def jensen_shannon(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    weight: float | Array = 0.5,
    axis: int = -1,
    *,
    log: bool = False,
    check: bool = True,
) -> Float[AnyArray, ...]:
    r"""Jensen-Shannon divergence, equal to the mutual information I(X; Z) (T1, T2), in nats.

    .. math:: JSD_w(P, Q) = (1-w) KL(P \| M) + w KL(Q \| M), \quad M = (1-w) P + w Q

    Computed as the sum over outcomes of `m [(1-w) f(w r) + w f(-(1-w) r)]` with `r = (p-q)/m` and
    `f(t) = (1+t) ln(1+t) - t >= 0`: each term is non-negative and keeps full relative accuracy, where the
    difference of entropies loses every digit of a value below 1e-6 in single precision.

    Parameters
    ----------
    p, q : probabilities, or log-probabilities with `log=True`; outcomes along `axis`, other axes broadcast.
    weight : w = P(Z = 1), the weight of `q`, in (0, 1); an array gives one weight per batch entry, in [0, 1].
    check : validate both inputs (turn off inside training loops).

    Returns values in [0, h(w)], shape without `axis`. Raises `ArgumentError` on NaN, negative or
    unnormalised (beyond 1e-6) input, different numbers of outcomes, or `weight` outside (0, 1).
    Source: Lin (1991); theorem T1.

    >>> import numpy as np
    >>> p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> float(jensen_shannon(p, q)) == math.log(2)
    True
    """
    xp, x, y = prepare_pair(p, q, axis, log, check)
    half = isinstance(weight, float) and weight == 0.5
    if half and isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.size:
        return cast(AnyArray, _half_weight(x, y, axis, log))
    w: float | Array
    if isinstance(weight, (int, float)):
        w = require_fraction("weight", weight)
        if is_torch_array(x):
            from mari_theory.kernels.autograd import Tensor, jensen_shannon_rows

            same = xp.result_type(x, y)
            arms = xp.broadcast_arrays(xp.moveaxis(x, axis, -1), xp.moveaxis(y, axis, -1))
            left, right = (cast(Tensor, xp.astype(arm, same)) for arm in arms)
            return cast(AnyArray, jensen_shannon_rows(left, right, w, log))
    else:
        inside = bool(xp.all((weight >= 0) & (weight <= 1)))
        require(inside, "weight", "numbers in [0, 1]", weight)
        w = xp.expand_dims(xp.astype(weight, x.dtype), axis=axis)
    return cast(AnyArray, xp.sum(jensen_shannon_terms(xp, x, y, w, log), axis=axis))


def _half_weight(p: AnyFloats, q: AnyFloats, axis: int, log: bool) -> AnyFloats | np.floating[Any]:
    """Of NumPy arrays at weight 1/2, rows moved to the front."""
    p, q = np.broadcast_arrays(np.moveaxis(p, axis, -1), np.moveaxis(q, axis, -1))
    common = np.result_type(p, q)
    left, right = (x.reshape(-1, x.shape[-1]).astype(common, copy=False) for x in (p, q))
    return half_weight_rows(left, right, log).reshape(p.shape[:-1])[()]


def kl(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    *,
    log: bool = False,
    axis: int = -1,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """Kullback-Leibler divergence KL(p || q) = sum p ln(p/q), in nats; inf where q = 0 < p.

    Summed as `p ln(p/q) - p + q >= 0` a term. Raises `ArgumentError` on invalid distributions.

    >>> import numpy as np
    >>> round(float(kl(np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 6)
    0.143841
    """
    xp, x, y = prepare_pair(p, q, axis, log, check)
    log_x, log_y = (x, y) if log else (_safe_log(xp, x), _safe_log(xp, y))
    x, y = (xp.exp(x), xp.exp(y)) if log else (x, y)
    zero, one = xp.zeros_like(x + y), xp.ones_like(x + y)
    x, y = x + zero, y + zero
    close = (x <= 2.0 * y) & (y > 0)
    safe_y = xp.where(close, y, one)
    near = safe_y * bregman_one_plus(xp, at_least_minus_one(xp, xp.where(close, x - y, zero) / safe_y))
    far_ok = ~close & (x > 0) & (y > 0)
    gap = xp.where(far_ok, log_x - log_y, zero)
    far = x * gap - x + y
    impossible = (x > 0) & xp.equal(y, zero)
    term = xp.where(close, near, xp.where(far_ok, far, zero))
    return cast(AnyArray, xp.sum(xp.where(impossible, one * float("inf"), term), axis=axis))


def total_variation(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    *,
    log: bool = False,
    axis: int = -1,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """Total variation TV = 1/2 sum |p - q|, in [0, 1]: the best detector's advantage (T5).

    >>> import numpy as np
    >>> float(total_variation(np.array([0.5, 0.5]), np.array([0.25, 0.75])))
    0.25
    """
    xp, x, y = prepare_pair(p, q, axis, log, check)
    return cast(AnyArray, 0.5 * xp.sum(xp.abs(_difference(xp, x, y, log)), axis=axis))


def squared_hellinger(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    *,
    log: bool = False,
    axis: int = -1,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """Squared Hellinger h2 = 1 - sum sqrt(p q) = 1/2 sum (sqrt p - sqrt q)^2, in [0, 1] (T10).

    >>> import numpy as np
    >>> float(squared_hellinger(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    xp, x, y = prepare_pair(p, q, axis, log, check)
    difference = _difference(xp, x, y, log)
    x, y = (xp.exp(x), xp.exp(y)) if log else (x, y)
    # The square root has an infinite slope at 0; a floor below every normal number keeps gradients finite.
    floor = 1e-300 if "64" in str((x + y).dtype) else 1e-37
    root_sum = xp.sqrt(xp.where(x > floor, x, floor * xp.ones_like(x))) + xp.sqrt(
        xp.where(y > floor, y, floor * xp.ones_like(y))
    )
    return cast(AnyArray, 0.5 * xp.sum((difference / root_sum) ** 2, axis=axis))


def pearson(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    *,
    log: bool = False,
    axis: int = -1,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """Pearson chi-squared sum (p - q)^2 / q; inf where q = 0 < p.

    >>> import numpy as np
    >>> float(pearson(np.array([0.5, 0.5]), np.array([0.25, 0.75])))
    0.3333333333333333
    """
    xp, x, y = prepare_pair(p, q, axis, log, check)
    difference = _difference(xp, x, y, log)
    x, y = (xp.exp(x), xp.exp(y)) if log else (x, y)
    one = xp.ones_like(difference)
    positive = (y + 0.0 * difference) > 0
    term = difference * difference / xp.where(positive, y * one, one)
    terms = xp.where(~positive & (x * one > 0), one * float("inf"), term)
    return cast(AnyArray, xp.sum(terms, axis=axis))


def hockey_stick(
    p: Float[AnyArray, ...],
    q: Float[AnyArray, ...],
    epsilon: float,
    *,
    log: bool = False,
    axis: int = -1,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """Hockey-stick divergence sum max(p - e^epsilon q, 0): delta at epsilon for this order of the arms (T8).

    >>> import numpy as np
    >>> float(hockey_stick(np.array([0.5, 0.5]), np.array([0.25, 0.75]), 0.0))
    0.25
    """
    require(math.isfinite(epsilon), "epsilon", "a finite number", epsilon)
    xp, x, y = prepare_pair(p, q, axis, log, check)
    x, y = (xp.exp(x), xp.exp(y)) if log else (x, y)
    excess = x - math.exp(epsilon) * y
    return cast(AnyArray, xp.sum(xp.where(excess > 0, excess, xp.zeros_like(excess)), axis=axis))


def _difference(xp: Namespace, p: Array, q: Array, log: bool) -> Array:
    if not log:
        return p - q
    gap = log_gap(xp, p, q)
    drop = -xp.expm1(-xp.abs(gap))
    return xp.where(gap >= 0, xp.exp(p) * drop, -xp.exp(q) * drop)


def _safe_log(xp: Namespace, p: Array) -> Array:
    return xp.log(xp.where(p > 0, p, xp.ones_like(p)))
