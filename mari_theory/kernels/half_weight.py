"""Jensen-Shannon divergence of large NumPy arrays: one pass, a few cache-sized buffers, every digit kept."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from mari_theory.units import AnyFloats

_CHUNK = 1 << 14
_COMPILED = 1_000_000
_LN4 = 2 * np.log(2.0)


def half_weight_rows(p: AnyFloats, q: AnyFloats, log: bool) -> AnyFloats:
    """JSD of each row of two (rows, outcomes) arrays at weight 1/2.

    With hi >= lo the two masses and t = (hi - lo)/lo, a row sums (hi + lo)/4 times
    `t/(2+t) ln(1+t) - ln(1 + t^2/(4(1+t)))`: both logarithms are of small t exact to an ulp, they cancel
    2 to 1 at most, and t is a difference of the inputs themselves, so small divergences keep their digits.
    """
    dtype = p.dtype
    if not log and p.size >= _COMPILED and find_spec("numba"):
        from mari_theory.kernels.numba import half_weight_sums

        return np.maximum(half_weight_sums(p, q), 0) / dtype.type(4)
    far = 1e18 if dtype == np.float64 else 1e9  # beyond this ratio the term is ln 4 to the last digit
    # Rows shorter than a chunk are taken many at a time, long rows piece by piece.
    outcomes = p.shape[1]
    rows = max(1, _CHUNK // max(outcomes, 1))
    width = min(outcomes, _CHUNK)
    low, ratio, spread, total = (np.empty((rows, width), dtype) for _ in range(4))
    out = np.zeros(p.shape[0], dtype)
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        for top in range(0, p.shape[0], rows):
            for left in range(0, outcomes, width):
                x, y = (a[top : top + rows, left : left + width] for a in (p, q))
                lo, t, a, c = (b[: x.shape[0], : x.shape[1]] for b in (low, ratio, spread, total))
                (_ratio_from_logs if log else _ratio)(x, y, lo, t, c)
                one_sided = t >= far if t.max() >= far else None
                np.add(t, 1, out=a)
                np.divide(t, a, out=a)
                a *= t
                a *= 0.25
                np.log1p(a, out=a)
                np.add(t, 2, out=lo)
                np.divide(t, lo, out=lo)
                np.log1p(t, out=t)
                t *= lo
                t -= a
                if one_sided is not None:
                    t[one_sided] = _LN4
                t *= c
                out[top : top + rows] += t.sum(axis=1)
    np.maximum(out, 0, out=out)
    return out / dtype.type(4)


def _ratio(x: AnyFloats, y: AnyFloats, lo: AnyFloats, t: AnyFloats, c: AnyFloats) -> None:
    """t = (hi - lo)/lo and c = hi + lo, in place."""
    np.minimum(x, y, out=lo)
    np.maximum(x, y, out=t)
    np.add(x, y, out=c)
    t -= lo
    lo += 1e-300 if lo.dtype == np.float64 else 1e-37
    t /= lo
    np.minimum(t, 1e20, out=t)


def _ratio_from_logs(x: AnyFloats, y: AnyFloats, lo: AnyFloats, t: AnyFloats, c: AnyFloats) -> None:
    """The same from log-masses: t = e^|x - y| - 1; two impossible outcomes give 0."""
    np.subtract(x, y, out=t)
    t[np.isnan(t)] = 0.0
    np.abs(t, out=t)
    np.minimum(t, 45.0, out=t)
    np.expm1(t, out=t)
    np.exp(x, out=c)
    np.exp(y, out=lo)
    c += lo
