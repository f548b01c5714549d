"""Pairs of laws that rooms test on: random ones, and ones that may not sum to 1."""

from __future__ import annotations

import numpy as np

from mari_theory.units import Floats

SLACK = 1e-12
"""What rounding may add to a divergence of random laws."""
COIN = np.array([0.5, 0.5])


def random_pairs(rng: np.random.Generator, cases: int, size: int | None = None) -> tuple[Floats, Floats]:
    """Pairs of laws from nearly equal to nearly disjoint, zeros included; shape (cases, size)."""
    k = int(rng.integers(2, 9)) if size is None else size
    p, q = (rng.dirichlet(np.full(k, rng.choice([0.2, 1.0, 5.0])), size=cases) for _ in range(2))
    near = rng.random(cases) < 0.3
    closeness = 10.0 ** -rng.uniform(0, 5, size=cases)[:, None]
    q = np.where(near[:, None], (1 - closeness) * p + closeness * q, q)
    holes = rng.random((cases, k)) < 0.15
    holes[:, 0] = False
    p = np.where(holes, 0.0, p)
    return p / p.sum(1, keepdims=True), q


def unchecked_jsd(p: Floats, q: Floats) -> float:
    """The formula of the divergence on masses that need not sum to 1, which `jensen_shannon` refuses."""
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(sum(np.where(x > 0, x * np.log(x / m), 0.0).sum() for x in (p, q)) / 2)
