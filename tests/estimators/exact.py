"""Coverage as a sum: every sample a finite law can produce, weighed by its probability. No simulation, no seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from estimators import INTERVALS, BoundedMean, ClopperPearson, Interval, OrderFree
from mari_theory.strategies import compositions

Floats = NDArray[np.float64]
METHODS: dict[str, BoundedMean] = {**INTERVALS, "order-free": OrderFree(), "clopper-pearson": ClopperPearson()}
"""Every interval for a bounded mean."""
ORDER_FREE = ("hoeffding", "maurer-pontil", "order-free", "clopper-pearson")
"""Methods that see the histogram only; any other row is enumerated order by order."""
CONFIDENCES = (0.5, 0.8, 0.95)
ROUNDING = 1e-12
"""Of a sum of probabilities, and the distance from a truth at which it still counts as attained."""


def parts(n: int, k: int) -> NDArray[np.int64]:
    """All vectors of k counts with sum n, (rows, k)."""
    return np.array(list(compositions(n, k)), dtype=np.int64)


def multinomial(counts: NDArray[np.int64], weights: Floats) -> Floats:
    """Probability of each row of counts under each row of weights, (laws, rows)."""
    ways = [math.factorial(int(c.sum())) // math.prod(map(math.factorial, c.tolist())) for c in counts]
    return np.array(ways, dtype=float) * _powers(counts, weights)


def _powers(counts: NDArray[np.int64], weights: Floats) -> Floats:
    chance = np.ones((len(weights), len(counts)))
    for j in range(counts.shape[1]):
        chance *= weights[:, j, None] ** counts[None, :, j]
    return chance


@dataclass(frozen=True)
class Ends:
    """Both ends of a method on every sample of n draws from `values`."""

    values: Floats
    counts: NDArray[np.int64]
    low: Floats
    high: Floats
    ordered: bool

    def misses(self, weights: Floats) -> tuple[Floats, Floats]:
        """P(low > mean) and P(high < mean) under each law (row of weights)."""
        chance = _powers(self.counts, weights) if self.ordered else multinomial(self.counts, weights)
        mean = (weights @ self.values)[:, None]
        return (chance * (self.low > mean + ROUNDING)).sum(1), (chance * (self.high < mean - ROUNDING)).sum(1)

    def laws(self) -> Floats:
        """Laws to try: fixed ones, and the worst there are, those whose mean is just outside one of the ends.

        The miss probability jumps where the mean passes an end; a base law is mixed with an extreme value until it is there.
        """
        k = len(self.values)
        # On two values every mixture is on the one line from 0 to 1.
        bases = [np.eye(2)[0]] if k == 2 else [*np.eye(k), np.full(k, 1 / k), _tilted(k, 1e-3), _tilted(k, 0.3)]
        means = np.unique(np.concatenate([self.low, self.high]).round(13))
        means = np.concatenate([means - 2 * ROUNDING, means + 2 * ROUNDING])
        made = [simplex(k)]
        for base in bases:
            for corner in (0, k - 1):
                gap = self.values[corner] - float(base @ self.values)
                if abs(gap) > 1e-9:
                    share = (means - float(base @ self.values)) / gap
                    share = share[(share >= 0) & (share <= 1), None]
                    made.append((1 - share) * base + share * np.eye(k)[corner])
        return np.concatenate(made)


def _tilted(k: int, share: float) -> Floats:
    """Nearly all mass on the first value, the rest spread evenly."""
    return np.array([1 - share] + [share / (k - 1)] * (k - 1))


def ends_of(
    interval: Callable[..., Interval],
    values: Sequence[float],
    n: int,
    confidence: float,
    ordered: bool,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Ends:
    """Run a method on every sample."""
    v = np.array(values, dtype=float)
    if ordered:
        rows = np.array(list(itertools.product(range(v.size), repeat=n)))
        counts = np.stack([(rows == j).sum(1) for j in range(v.size)], axis=1)
        samples = v[rows]
    else:
        counts = parts(n, v.size)
        samples = np.array([np.repeat(v, c) for c in counts])
    made = [interval(y, confidence, lower, upper) for y in samples]
    return Ends(v, counts, np.array([i.lower for i in made]), np.array([i.upper for i in made]), ordered)


def worst(ends: Ends) -> tuple[float, float]:
    """Largest probability of a miss, and of a miss on one side, over the laws tried."""
    below, above = ends.misses(ends.laws())
    return float((below + above).max()), float(np.maximum(below, above).max())


def weaken(patch: pytest.MonkeyPatch, owner: type, factor: float, name: str = "interval") -> None:
    """Mutate a method so that it works at `factor` times its delta: 2 turns 2/delta into 1/delta."""
    real: Any = getattr(owner, name)

    def mutant(self: Any, y: Any, confidence: float = 0.95, *rest: Any, **more: Any) -> Interval:
        return real(self, y, 1 - factor * (1 - confidence), *rest, **more)

    patch.setattr(owner, name, mutant)


def inflate(patch: pytest.MonkeyPatch, owner: type, times: int) -> None:
    """Mutate a method so that it takes n draws for `times` n: at 4, Hoeffding has half its width."""
    real: Any = owner.interval  # type: ignore[attr-defined]

    def mutant(self: Any, y: Floats, *rest: Any, **more: Any) -> Interval:
        return real(self, np.tile(y, times), *rest, **more)

    patch.setattr(owner, "interval", mutant)


@dataclass(frozen=True)
class TwoArms:
    """Ends of a quantity of two arms on every pair of counts, (rows_p, rows_q)."""

    rows_p: NDArray[np.int64]
    rows_q: NDArray[np.int64]
    low: Floats
    high: Floats

    def misses(self, laws_p: Floats, laws_q: Floats, truth: Floats) -> tuple[Floats, Floats]:
        """P(low > truth) and P(high < truth) for each pair of laws, (laws_p, laws_q)."""
        of_p, of_q = multinomial(self.rows_p, laws_p), multinomial(self.rows_q, laws_q)
        below, above = np.zeros(truth.shape), np.zeros(truth.shape)
        for a, b in np.ndindex(*truth.shape):
            below[a, b] = of_p[a] @ (self.low > truth[a, b] + ROUNDING) @ of_q[b]
            above[a, b] = of_p[a] @ (self.high < truth[a, b] - ROUNDING) @ of_q[b]
        return below, above


def two_arms(certify: Callable[[NDArray[np.int64], NDArray[np.int64]], Interval], n: int, m: int, k: int) -> TwoArms:
    """Run a certificate on every pair of count vectors."""
    rows_p, rows_q = parts(n, k), parts(m, k)
    made = [[certify(c, d) for d in rows_q] for c in rows_p]
    low, high = (np.array([[getattr(i, end) for i in row] for row in made]) for end in ("lower", "upper"))
    return TwoArms(rows_p, rows_q, low, high)


def simplex(k: int, extreme: Sequence[float] = (0.0, 1e-6, 1e-3, 0.02, 0.1, 0.3)) -> Floats:
    """A small set of laws on k symbols, corners and near-corners included."""
    if k == 2:
        p = np.unique(np.concatenate([extreme, [0.2, 0.4, 0.5], 1 - np.array(extreme)]))
        return np.stack([1 - p, p], axis=1)
    made = [np.full(k, 1 / k), *np.eye(k)]
    for share in extreme[1:]:
        made += [np.roll(_tilted(k, share), j) for j in range(k)]
        made.append(np.array([(1 - share) / 2, (1 - share) / 2] + [share / (k - 2)] * (k - 2)))
    return np.array(made)


def limit(replicates: int, rate: float) -> int:
    """Most misses at this rate but for one in a million."""
    return int(binom.isf(1e-6, replicates, rate))
