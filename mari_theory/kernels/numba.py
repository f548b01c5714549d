"""The arithmetic of `half_weight` in two fused loops, for large arrays where numba is installed (`pip install 'mari-theory[fast]'`).

The logarithms stay NumPy's, which are vectorised; numba's would not be.
"""

from __future__ import annotations

from typing import Any, no_type_check

import numba
import numpy as np

from mari_theory.units import AnyFloats

_CHUNK = 1 << 13
_LN4 = 2 * np.log(2.0)


@numba.njit(fastmath={"contract", "nsz"}, error_model="numpy", nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check  # compiled: run-time checkers must leave it alone
def _before(
    x: AnyFloats, y: AnyFloats, tiny: np.floating[Any], t: AnyFloats, a: AnyFloats, lean: AnyFloats
) -> None:  # pragma: no cover (compiled)
    for j in range(x.size):
        u, v = x[j], y[j]
        high, low = (u, v) if u > v else (v, u)
        ratio = (high - low) / (low + tiny)
        ratio = ratio if ratio < 1e20 else 1e20
        t[j] = ratio
        a[j] = 0.25 * ratio * (ratio / (1 + ratio))
        lean[j] = ratio / (2 + ratio)


@numba.njit(fastmath={"contract", "nsz", "reassoc"}, error_model="numpy", nogil=True, cache=True)  # type: ignore[untyped-decorator]
@no_type_check
def _after(
    x: AnyFloats, y: AnyFloats, log_t: AnyFloats, log_a: AnyFloats, lean: AnyFloats
) -> float:  # pragma: no cover (compiled)
    total = 0.0
    for j in range(x.size):
        term = lean[j] * log_t[j] - log_a[j] if lean[j] < 1 else _LN4
        total += term * (x[j] + y[j])
    return total


def half_weight_sums(p: AnyFloats, q: AnyFloats) -> AnyFloats:
    """Four times the JSD of each row of two (rows, outcomes) arrays of probabilities."""
    t, a, lean = (np.empty(_CHUNK, p.dtype) for _ in range(3))
    tiny = p.dtype.type(1e-300 if p.dtype == np.float64 else 1e-37)
    out = np.zeros(len(p))
    for i in range(len(p)):
        for start in range(0, p.shape[1], _CHUNK):
            x, y = p[i, start : start + _CHUNK], q[i, start : start + _CHUNK]
            parts = (t[: x.size], a[: x.size], lean[: x.size])
            _before(x, y, tiny, *parts)
            np.log1p(parts[0], out=parts[0])
            np.log1p(parts[1], out=parts[1])
            out[i] += _after(x, y, *parts)
    return out.astype(p.dtype)
