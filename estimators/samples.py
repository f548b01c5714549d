"""Samples as they come: NumPy, torch, pandas, Arrow, lists; checked once, told in one line when wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mari_theory.errors import require
from mari_theory.units import Floats


def _to_numpy(name: str, x: Any) -> NDArray[Any]:
    """Anything array-like; torch tensors are detached, Arrow and pandas columns converted."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float().numpy() if "bfloat16" in str(x.dtype) else x.numpy()
    elif hasattr(x, "to_numpy"):
        x = x.to_numpy()
    try:
        return np.asarray(x)
    except ValueError:
        require(False, name, "a rectangular array", type(x).__name__)
        raise


def as_points(name: str, x: Any, minimum: int = 1) -> Floats:
    """Finite float64 points of shape (n, d); a vector is one column. Half precision is widened, never computed in.

    >>> as_points("x", [1, 2, 3]).shape
    (3, 1)
    """
    a = _to_numpy(name, x)
    require(a.dtype.kind in "iufb", name, "real numbers", f"dtype {a.dtype}")
    require(a.ndim in (1, 2) and a.size > 0, name, "a non-empty (n,) or (n, d) array", f"shape {a.shape}")
    big = a.dtype.kind in "iu" and a.dtype.itemsize == 8
    require(not big or float(np.abs(a.astype(float)).max()) <= 2**53, name, "integers up to 2^53", "larger ones")
    a = np.ascontiguousarray(a.reshape(len(a), -1), dtype=np.float64)
    require(bool(np.all(np.isfinite(a))), name, "finite numbers", "NaN or inf")
    require(len(a) >= minimum, name, f"at least {minimum} samples", len(a))
    return a


def as_labels(name: str, x: Any) -> NDArray[Any]:
    """A one-dimensional sample of symbols: integers, booleans, strings, or floats without NaN."""
    a = _to_numpy(name, x)
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    require(a.ndim == 1 and a.size > 0, name, "a non-empty one-dimensional sample", f"shape {a.shape}")
    require(a.dtype.kind in "iufbUSO", name, "numbers or strings", f"dtype {a.dtype}")
    if a.dtype.kind == "f":
        require(not bool(np.any(np.isnan(a))), name, "symbols", "NaN")
    if a.dtype.kind == "O":
        require(all(v is not None and v == v for v in a.tolist()), name, "symbols", "a missing value")
        a = np.array([str(v) for v in a.tolist()])
    return a
