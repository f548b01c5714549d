"""The order-free interval and its histograms."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from estimators import OrderFree
from estimators.order_free import empty_histogram, histogram, merge_histograms
from tests.estimators.test_streaming import same


def test_histogram_keeps_the_exact_sum(rng: np.random.Generator) -> None:
    y = np.concatenate([rng.random(1000), rng.random(1000) * 1e-9, [0.0, 1.0, 2.0**-52, 1 - 2.0**-53]])
    exact = sum((Fraction(round(Fraction(v) * 2**52)) for v in y.tolist()), Fraction(0))
    assert histogram(y).total() == exact
    assert histogram(y).n == y.size
    shuffled = rng.permutation(y)
    assert same(merge_histograms(histogram(shuffled[:700]), histogram(shuffled[700:])), histogram(y))
    assert empty_histogram().n == 0


def test_order_free_capital_from_the_definition(rng: np.random.Generator) -> None:
    """At its own lower end the mixture of capitals, recomputed row by row, has reached 2/delta; a hair above it has not."""
    y = rng.beta(2, 5, 400)
    low = OrderFree().interval(y, 0.95).lower
    n, level = y.size, math.log(40)
    depth = max(2, math.ceil(2 * math.log(n + 1) / math.log(3)))
    weights = [1 / (j + 1) for j in range(depth)]

    def capital(m: float) -> float:
        total = 0.0
        for j, w in enumerate(weights):
            stake = min(math.sqrt(2 * level / (n * 0.25 * 3.0**-j)), 0.9 / m)
            total += w / sum(weights) * math.exp(sum(math.log1p(stake * (v - m)) for v in y.tolist()))
        return total

    assert capital(low) >= 40
    assert capital(low + 2e-4) < 40  # the chord costs next to nothing
