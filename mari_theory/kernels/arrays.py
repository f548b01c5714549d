"""Input handling shared by the numeric modules: namespaces, dtypes, validation, the stable kernel."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from mari_theory.errors import require

Array: TypeAlias = Any
"""A NumPy array or a torch tensor."""

SUM_TOLERANCE = 1e-6


def as_float_arrays(*inputs: Array) -> tuple[Any, list[Array]]:
    """One namespace and floating arrays of at least single precision."""
    torch_input = any(is_torch_array(x) for x in inputs)
    arrays = list(inputs) if torch_input else [np.asarray(x) for x in inputs]
    xp = array_namespace(*arrays)
    out = []
    for x in arrays:
        kind = str(x.dtype)
        if "float" not in kind:
            require("int" in kind, "array", "real numbers", f"dtype {kind}")
            x = xp.astype(x, xp.float64)
        elif "float16" in kind:
            x = xp.astype(x, xp.float32)
        out.append(x)
    return xp, out


def validate_distribution(xp: Any, name: str, p: Array, axis: int, log: bool) -> None:
    """Entries non-negative (or log-probabilities), sums 1 within 1e-6; raises `ArgumentError`."""
    require(p.ndim > 0 and p.shape[axis] > 0, name, "at least one outcome", f"shape {tuple(p.shape)}")
    if 0 in p.shape:  # no rows
        return
    extreme = xp.max(p) if log else xp.min(p)
    require(not bool(xp.isnan(extreme)), name, "numbers", "NaN")
    if log:
        require(not bool(extreme > SUM_TOLERANCE), name, "log-probabilities at most 0", _extreme(extreme))
        total = xp.sum(xp.exp(p), axis=axis)
    else:
        require(not bool(extreme < 0), name, "non-negative probabilities", _extreme(extreme))
        total = xp.sum(p, axis=axis)
    worst = xp.max(xp.abs(total - 1.0))
    require(bool(worst <= SUM_TOLERANCE), name, "rows that sum to 1 within 1e-06", f"a row off by {_extreme(worst)}")


def prepare_pair(p: Array, q: Array, axis: int, log: bool, check: bool) -> tuple[Any, Array, Array]:
    """Namespace and two arrays of equal outcome count, validated when `check`."""
    xp, (p, q) = as_float_arrays(p, q)
    require(p.ndim > 0 and q.ndim > 0, "p, q", "arrays with an outcome axis", "a scalar")
    require(
        p.shape[axis] == q.shape[axis],
        "p, q",
        "the same number of outcomes",
        f"{p.shape[axis]} and {q.shape[axis]}",
    )
    if check:
        validate_distribution(xp, "p", p, axis, log)
        validate_distribution(xp, "q", q, axis, log)
    return xp, p, q


def bregman_one_plus(xp: Any, t: Array) -> Array:
    """(1+t) ln(1+t) - t >= 0 for t >= -1, to a few ulps; 1 at t = -1.

    Below |t| = 1/2 the leading terms cancel, so it is summed as
    2 [s^2 + (1+s)(atanh s - s)] / (1-s) with s = t/(2+t): every term has full relative accuracy.
    """
    small = xp.abs(t) < 0.5
    t_small = xp.where(small, t, xp.zeros_like(t))
    s = t_small / (2.0 + t_small)
    z = s * s
    series = xp.zeros_like(z)
    terms = 18 if "64" in str(t.dtype) else 8
    for k in range(terms, 0, -1):
        series = (series + 1.0 / (2 * k + 1)) * z
    near = 2.0 * (z + (1.0 + s) * s * series) / (1.0 - s)
    inside = ~small & (t > -1.0)
    t_large = xp.where(inside, t, xp.ones_like(t))
    far = (1.0 + t_large) * xp.log1p(t_large) - t_large
    return xp.where(small, near, xp.where(inside, far, xp.ones_like(t)))


def jensen_shannon_terms(xp: Any, p: Array, q: Array, w: Any, log: bool) -> Array:
    """The non-negative terms of JSD_w, an outcome each."""
    mix, ratio = _mixture_and_ratio(xp, p, q, w, log)
    up, down = at_least_minus_one(xp, w * ratio), at_least_minus_one(xp, -(1.0 - w) * ratio)
    return mix * ((1.0 - w) * bregman_one_plus(xp, up) + w * bregman_one_plus(xp, down))


def _mixture_and_ratio(xp: Any, p: Array, q: Array, w: Array, log: bool) -> tuple[Array, Array]:
    if not log:
        mix = (1.0 - w) * p + w * q
        occupied = mix > 0
        safe = xp.where(occupied, mix, xp.ones_like(mix))
        return mix, xp.where(occupied, p - q, xp.zeros_like(mix)) / safe
    gap = log_gap(xp, p, q)
    decay = xp.exp(-xp.abs(gap))
    lost = -xp.expm1(-xp.abs(gap))
    ratio = xp.where(gap >= 0, lost / ((1.0 - w) + w * decay), -lost / ((1.0 - w) * decay + w))
    return (1.0 - w) * xp.exp(p) + w * xp.exp(q), ratio


def log_gap(xp: Any, log_p: Array, log_q: Array) -> Array:
    """log p - log q with 0 where both are -inf."""
    absent = xp.isinf(log_p) & xp.isinf(log_q)
    return xp.where(absent, xp.zeros_like(log_p - log_q), log_p - log_q)


def at_least_minus_one(xp: Any, t: Array) -> Array:
    """t, with what rounding has put below -1 back at -1."""
    return xp.where(t < -1.0, -xp.ones_like(t), t)


def _extreme(x: Array) -> float:
    return float(x.detach() if is_torch_array(x) else x)
