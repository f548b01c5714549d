"""T16: optimal ROC band."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from flint import arb
from scipy.stats import norm

from estimators.bands import BANDS, coverage
from mari_theory.enclosures.balls import Ball, precision
from proofs.kit.evidence import Dropped, Evidence, Outcome
from proofs.kit.mutations import Mutation, scaled


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The exact joint coverage of both bands; the equal-local-levels band spends its whole level."""
    n = 40
    index = np.arange(1, n + 1)
    shares = {}
    for name, band in BANDS.items():
        low, high = band.limits(n, 0.9)
        shares[name] = coverage(n, index, low[1:], high[:-1])
    ok = min(shares.values()) >= 0.9 - 1e-9
    return Outcome(ok, 0.9 / shares["equal-local-levels"], ", ".join(f"{k} covers {v:.4f}" for k, v in shares.items()))


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The joint coverage of both bands recomputed in exact rational arithmetic over all ways to fill the bins (n = 6)."""
    n, ok = 6, True
    for band in BANDS.values():
        low, high = band.limits(n, 0.8)
        share = coverage(n, np.arange(1, n + 1), low[1:], high[:-1])
        exact = _exact_coverage(n, low[1:], high[:-1])
        ok &= abs(share - float(exact)) < 1e-9 and share >= 0.8 - 1e-12
    return Outcome(bool(ok), None, "six order statistics, rational arithmetic")


def _exact_coverage(n: int, low: np.ndarray, high: np.ndarray) -> Ball:
    """P(low_i <= U_(i) <= high_i for all i): integrate the order statistics piece by piece between the limits."""
    cuts = sorted({0.0, 1.0, *low.tolist(), *high.tolist()})
    cells = list(pairwise(cuts))
    # ways[k]: probability mass (up to n!) of placing the first k order statistics in the cells so far.
    ways = [arb(1)] + [arb(0)] * n
    with precision():
        for left, right in cells:
            width = arb(right) - arb(left)
            after = list(ways)
            for k in range(n):
                if ways[k] == 0:
                    continue
                term = ways[k]
                for j in range(1, n - k + 1):
                    i = k + j - 1
                    if not (low[i] <= left and right <= high[i]):
                        break
                    term = term * width / j
                    after[k + j] += term
            ways = after
        return ways[n] * arb(math.factorial(n))


def _band_point_by_point() -> float:
    rng = np.random.default_rng(0)
    grid = np.arange(1, 100) / 100
    half = norm.ppf(0.975) * np.sqrt(grid * (1 - grid) / 100)
    samples = (np.sort(rng.random(100)) for _ in range(200))
    misses = sum(bool(np.any(np.abs(np.searchsorted(u, grid) / 100 - grid) > half)) for u in samples)
    return misses / 200 / 0.05


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    dropped=(Dropped("a band, all points at once", "95 % point by point, 99 points", _band_point_by_point),),
    mutations=(
        Mutation("coverage", scaled(0.99)),
        Mutation("coverage", scaled(0.99), "enclosure"),
    ),
    absent={
        "symbolic": "a probability of order statistics: computed exactly instead",
        "formal": "the same; its exact coverage is in the enclosure column",
        "search": "a coverage, computed exactly",
    },
)
