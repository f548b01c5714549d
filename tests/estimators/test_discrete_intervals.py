"""Certified ends from counts."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial

from estimators import (
    certify_counts_jsd,
    certify_table_mi,
)
from estimators.discrete_intervals import DivergenceBall, divergence_level, entropy_step, lower_slope
from mari_theory import jensen_shannon
from mari_theory.families import DISCRETE_JOINTS

LN2 = math.log(2)


@pytest.mark.parametrize("multiplier", [0.05, 0.3, 1.0])
def test_the_lemma_of_the_lower_end_is_sharp(multiplier: float) -> None:
    x = np.concatenate([np.linspace(-60, -1e-3, 20_000), np.linspace(1e-3, LN2, 20_000)])
    left = np.expm1(multiplier * x) - multiplier * x
    right = np.expm1(-x) + x
    slope = lower_slope(multiplier)
    assert np.all(left <= slope * right * (1 + 1e-9))
    assert left[-1] == pytest.approx(slope * right[-1], rel=1e-9)
    assert np.any(left > 0.99 * slope * right)  # one per cent less would be false


def test_divergence_concentration_by_enumeration() -> None:
    p, n = np.array([0.5, 0.3, 0.2]), 12
    rows = np.array([c for c in product(range(n + 1), repeat=3) if sum(c) == n])
    weight = multinomial.pmf(rows, n, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = n * np.where(rows > 0, rows / n * np.log(rows / n / p), 0).sum(axis=1)
    for delta in (0.3, 0.1, 0.01, 1e-4):
        assert weight[cost > divergence_level(2, delta)].sum() <= delta
    for share in (0.1, 0.5, 0.9):  # the moment bound behind it
        assert (weight * np.exp(share * cost)).sum() <= (1 - share) ** -2


def test_lower_end_by_enumeration() -> None:
    """Exact miss probability of the whole interval over every pair of outcomes of two binomials."""
    n, p, q = 30, 0.1, 0.9
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    from scipy.stats import binom

    missed = 0.0
    for i in range(n + 1):
        for j in range(n + 1):
            made = certify_counts_jsd([i, n - i], [j, n - j], 0.9)
            missed += 0.0 if truth in made.interval else binom.pmf(i, n, p) * binom.pmf(j, n, q)
    assert missed <= 0.1


def test_ball_contains_what_random_search_finds(rng: np.random.Generator) -> None:
    for _ in range(10):
        p_hat = rng.multinomial(40, rng.dirichlet(np.ones(5))) / 40
        values = rng.normal(size=5)
        laws = rng.dirichlet(0.5 + 20 * p_hat, 50_000)
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = np.where(p_hat > 0, p_hat * np.log(p_hat / laws), 0).sum(axis=1)
        best = (laws @ values)[cost <= 0.15].max()
        bound = DivergenceBall(p_hat, 0.15).largest_mean(values)
        assert best <= bound <= best + 0.25


def test_entropy_step_is_the_largest_change() -> None:
    n = 9
    steps = []
    for counts in ([9, 0, 0], [8, 1, 0], [5, 4, 0], [3, 3, 3], [4, 4, 1], [7, 1, 1]):
        h = -sum(c / n * math.log(c / n) for c in counts if c)
        for i, j in product(range(3), repeat=2):
            moved = list(counts)
            if moved[i] > 0 and i != j:
                moved[i] -= 1
                moved[j] += 1
                steps.append(abs(h + sum(c / n * math.log(c / n) for c in moved if c)))
    assert max(steps) <= entropy_step(n)


@pytest.mark.parametrize("law", DISCRETE_JOINTS)
def test_intervals_hold_their_own_value_and_shrink(law: str, rng: np.random.Generator) -> None:
    joint = np.array(DISCRETE_JOINTS[law].table)
    widths = []
    for n in (100, 10_000):
        made = certify_table_mi(rng.multinomial(n, joint.ravel()).reshape(joint.shape))
        assert made.value in made.interval
        widths.append(made.interval.width)
    assert widths[1] < widths[0]
