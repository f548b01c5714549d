"""The search for counterexamples: gradient ascent on attained value over bound, from random starts.

A ratio above 1 would refute a theorem; 1 is reached where the bound is sharp. Parameters are logits, so every point is valid input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize

from mari_theory.kernels.half_weight import half_weight_rows
from mari_theory.units import Floats

SMALLEST = 1e-9
"""Divergences below are left out: rounding, not mathematics, decides ratios there."""
Ratio: TypeAlias = Callable[[Floats], float]


@dataclass(frozen=True)
class Inequality:
    """An inequality as the search attacks it."""

    what: str
    """The inequality in a few words."""
    size: int
    """Number of real parameters."""
    ratio: Ratio
    """From the parameters, shape (size,), to attained value over bound."""
    sharp: bool = True
    """Can a ratio of 1 be reached or approached?"""
    starts: int = 5
    """Random starts of the ascent."""


@dataclass(frozen=True)
class Maximum:
    """The largest ratio that the search found."""

    inequality: Inequality
    """The one that was attacked."""
    ratio: float
    """Attained value over bound."""
    at: Floats
    """Parameters where it was found."""
    evaluations: int
    """Of the ratio, over all starts."""

    @property
    def refuted(self) -> bool:
        """True when the ratio exceeds 1 beyond rounding."""
        return self.ratio > 1 + 1e-7


def laws_at(z: Floats, k: int) -> list[Floats]:
    """One law on k symbols for every k logits."""
    mass = np.exp(np.subtract(rows := z.reshape(-1, k), rows.max(axis=1, keepdims=True)))
    return list(mass / mass.sum(axis=1, keepdims=True))


def divergence(p: Floats, q: Floats) -> float:
    """`jensen_shannon` of two laws, without the checks of its input: the search asks for it a hundred thousand times.

    >>> divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == math.log(2)
    True
    """
    return float(half_weight_rows(p[None], q[None], False)[0])


def over(value: float, bound: float) -> float:
    """Value over bound; 0 where the bound is too small to tell.

    >>> over(0.5, 2.0), over(1.0, 1e-12)
    (0.25, 0.0)
    """
    return value / bound if bound > SMALLEST else 0.0


def attack(inequality: Inequality, rng: np.random.Generator, steps: int = 60) -> Maximum:
    """Gradient ascent (L-BFGS on minus the ratio) from random starts, scales from 0.1 to 5."""
    best, where, evaluations = -math.inf, np.zeros(inequality.size), 0

    def loss(z: Floats) -> float:
        return -inequality.ratio(z)

    for _ in range(inequality.starts):
        start = rng.normal(size=inequality.size) * 10.0 ** rng.uniform(-1, 0.7)
        bounds = [(-30.0, 30.0)] * inequality.size
        done = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
        evaluations += int(done.nfev)
        if -float(done.fun) > best:
            best, where = -float(done.fun), np.asarray(done.x)
    return Maximum(inequality, best, where, evaluations)
