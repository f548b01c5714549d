"""Input handling shared by the numeric modules: namespaces, dtypes, validation, the stable kernel."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from mari_theory.errors import require

if TYPE_CHECKING:

    class Array(Protocol):
        """What a NumPy array and a torch tensor have in common, as far as the divergences need it."""

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def ndim(self) -> int: ...
        @property
        def dtype(self) -> object: ...
        def __add__(self, other: Any, /) -> Array: ...
        def __radd__(self, other: Any, /) -> Array: ...
        def __sub__(self, other: Any, /) -> Array: ...
        def __rsub__(self, other: Any, /) -> Array: ...
        def __mul__(self, other: Any, /) -> Array: ...
        def __rmul__(self, other: Any, /) -> Array: ...
        def __truediv__(self, other: Any, /) -> Array: ...
        def __rtruediv__(self, other: Any, /) -> Array: ...
        def __pow__(self, other: Any, /) -> Array: ...
        def __and__(self, other: Any, /) -> Array: ...
        def __neg__(self) -> Array: ...
        def __invert__(self) -> Array: ...
        def __lt__(self, other: Any, /) -> Array: ...
        def __le__(self, other: Any, /) -> Array: ...
        def __gt__(self, other: Any, /) -> Array: ...
        def __ge__(self, other: Any, /) -> Array: ...
        def __getitem__(self, at: Any, /) -> Array: ...
        def __float__(self) -> float: ...
        def __bool__(self) -> bool: ...

    class Namespace(Protocol):
        """The functions of NumPy, or of array-api-compat's torch, that the divergences need."""

        float32: object
        float64: object

        def abs(self, x: Array, /) -> Array: ...
        def exp(self, x: Array, /) -> Array: ...
        def sign(self, x: Array, /) -> Array: ...
        def tanh(self, x: Array, /) -> Array: ...
        def expm1(self, x: Array, /) -> Array: ...
        def log(self, x: Array, /) -> Array: ...
        def log1p(self, x: Array, /) -> Array: ...
        def sqrt(self, x: Array, /) -> Array: ...
        def isnan(self, x: Array, /) -> Array: ...
        def isinf(self, x: Array, /) -> Array: ...
        def equal(self, x: Array, y: Array, /) -> Array: ...
        def zeros_like(self, x: Array, /) -> Array: ...
        def ones_like(self, x: Array, /) -> Array: ...
        def where(self, condition: Array, x: Array | float, y: Array | float, /) -> Array: ...
        def clip(self, x: Array, low: float, high: float, /) -> Array: ...
        def take_along_axis(self, x: Array, at: Array, /, *, axis: int) -> Array: ...
        def mean(self, x: Array, /, *, axis: int = ...) -> Array: ...
        def all(self, x: Array, /) -> Array: ...
        def max(self, x: Array, /) -> Array: ...
        def min(self, x: Array, /) -> Array: ...
        def sum(self, x: Array, /, *, axis: int = ...) -> Array: ...
        def astype(self, x: Array, dtype: object, /) -> Array: ...
        def expand_dims(self, x: Array, /, *, axis: int) -> Array: ...
        def moveaxis(self, x: Array, source: int, destination: int, /) -> Array: ...
        def broadcast_arrays(self, x: Array, y: Array, /) -> Sequence[Array]: ...
        def result_type(self, x: Array, y: Array, /) -> object: ...

else:  # looking at every method of every array would cost the test run more than the arithmetic
    Array = Namespace = Any

AnyArray = TypeVar("AnyArray", bound=Array)
"""What comes in goes out: NumPy arrays give NumPy arrays, torch tensors give torch tensors."""

SUM_TOLERANCE = 1e-6


def as_float_arrays(*inputs: Array) -> tuple[Namespace, list[Array]]:
    """One namespace and floating arrays of at least single precision."""
    torch_input = any(is_torch_array(x) for x in inputs)
    arrays: list[Array] = list(inputs) if torch_input else [np.asarray(x) for x in inputs]
    xp = cast(Namespace, array_namespace(*arrays))
    out: list[Array] = []
    for x in arrays:
        kind = str(x.dtype)
        if "float" not in kind:
            require("int" in kind, "array", "real numbers", f"dtype {kind}")
            x = xp.astype(x, xp.float64)
        elif "float16" in kind:
            x = xp.astype(x, xp.float32)
        out.append(x)
    return xp, out


def validate_distribution(xp: Namespace, name: str, p: Array, axis: int, log: bool) -> None:
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


def prepare_pair(p: Array, q: Array, axis: int, log: bool, check: bool) -> tuple[Namespace, Array, Array]:
    """Namespace and two arrays of equal outcome count, validated when `check`."""
    xp, arrays = as_float_arrays(p, q)
    p, q = arrays
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


def bregman_one_plus(xp: Namespace | ModuleType, t: AnyArray) -> AnyArray:
    """(1+t) ln(1+t) - t >= 0 for t >= -1, to a few ulps; 1 at t = -1.

    Below |t| = 1/2 the leading terms cancel, so it is summed as
    2 [s^2 + (1+s)(atanh s - s)] / (1-s) with s = t/(2+t): every term has full relative accuracy.
    """
    xp = cast(Namespace, xp)
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
    return cast(AnyArray, xp.where(small, near, xp.where(inside, far, xp.ones_like(t))))


def jensen_shannon_terms(xp: Namespace, p: Array, q: Array, w: float | Array, log: bool) -> Array:
    """The non-negative terms of JSD_w, an outcome each."""
    mix, ratio = _mixture_and_ratio(xp, p, q, w, log)
    up, down = at_least_minus_one(xp, w * ratio), at_least_minus_one(xp, -(1.0 - w) * ratio)
    return mix * ((1.0 - w) * bregman_one_plus(xp, up) + w * bregman_one_plus(xp, down))


def _mixture_and_ratio(xp: Namespace, p: Array, q: Array, w: float | Array, log: bool) -> tuple[Array, Array]:
    if not log:
        mix = (1.0 - w) * p + w * q
        occupied = mix > 0
        safe = xp.where(occupied, mix, xp.ones_like(mix))
        return mix, xp.where(occupied, p - q, xp.zeros_like(mix)) / safe
    gap = log_gap(xp, p, q)
    decay = xp.exp(-xp.abs(gap))
    drop = -xp.expm1(-xp.abs(gap))
    ratio = xp.where(gap >= 0, drop / ((1.0 - w) + w * decay), -drop / ((1.0 - w) * decay + w))
    return (1.0 - w) * xp.exp(p) + w * xp.exp(q), ratio


def log_gap(xp: Namespace, log_p: Array, log_q: Array) -> Array:
    """log p - log q with 0 where both are -inf."""
    absent = xp.isinf(log_p) & xp.isinf(log_q)
    return xp.where(absent, xp.zeros_like(log_p - log_q), log_p - log_q)


def at_least_minus_one(xp: Namespace, t: Array) -> Array:
    """t, with what rounding has put below -1 back at -1."""
    return xp.where(t < -1.0, -xp.ones_like(t), t)


def _extreme(x: Array) -> float:
    return float(x.detach()) if is_torch_array(x) else float(x)
