"""Large arrays, row by row and in pieces."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mari_theory as mt


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_arrays_agree_with_rows_taken_alone(dtype: str, rng: np.random.Generator) -> None:
    """Beyond a million entries another loop may run; zeros, equal rows and tiny differences included."""
    p = rng.dirichlet(np.full(25_007, 0.05), 44).astype(dtype)
    q = (p * rng.lognormal(0, 1e-4, p.shape)).astype(dtype)
    q[0], q[1] = p[0], p[0, ::-1]
    p[2, : p.shape[1] // 2], q[2, p.shape[1] // 2 :] = 0, 0
    p /= p.sum(axis=1, keepdims=True)
    q /= q.sum(axis=1, keepdims=True)
    whole = mt.jensen_shannon(p, q)
    alone = np.array([mt.jensen_shannon(a, b) for a, b in zip(p, q, strict=True)])
    assert whole == pytest.approx(alone, rel=1e-13 if dtype == "float64" else 2e-5)
    assert whole[0] < 1e-13 and whole[2] == pytest.approx(math.log(2), rel=1e-6)
