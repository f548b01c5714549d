r"""Simultaneous bands for a distribution function, sharper than DKW where it matters.

`EqualLocalLevels` gives every order statistic the same local level: with U_(i) the i-th of n sorted uniforms, the event
`a_i <= U_(i) <= b_i for all i`, a_i and b_i beta quantiles at level alpha, is given probability 1 - delta by choosing alpha through
the exact joint law (no asymptotics, no union bound). It is the two-sided Berk-Jones band in all but the shape of the
statistic: in the tails, where TPR at low FPR lives, it is narrower than DKW by an order of magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaln

from estimators.intervals import DKW
from mari_theory.errors import require, require_fraction
from mari_theory.units import Floats


@runtime_checkable
class Band(Protocol):
    """Bounds on F that hold at all points together."""

    @property
    def name(self) -> str:
        """The name in results."""
        ...

    def limits(self, n: int, confidence: float) -> tuple[Floats, Floats]:
        """(low, high), each of length n + 1: F(t) lies in [low[c], high[c]] wherever c of the n sample points are <= t."""
        ...


@dataclass(frozen=True)
class DKWBand:
    """c/n -+ sqrt(ln(2/delta)/(2n)), clipped to [0, 1]."""

    name: str = "dkw"
    """Name in results and in `BANDS`."""

    def limits(self, n: int, confidence: float) -> tuple[Floats, Floats]:
        """The same radius everywhere."""
        radius, share = DKW().radius(n, confidence), np.arange(n + 1) / n
        return np.maximum(share - radius, 0.0), np.minimum(share + radius, 1.0)


@dataclass(frozen=True)
class EqualLocalLevels:
    """Beta quantiles at one local level, joint coverage exact (Moscovich and Nadler's recursion, 2017).

    >>> low, high = EqualLocalLevels().limits(100, 0.95)
    >>> dkw = DKWBand().limits(100, 0.95)
    >>> bool(high[0] < dkw[1][0] / 2)
    True
    """

    name: str = "equal-local-levels"
    """Name in results and in `BANDS`."""
    knots: int = 400
    """Beyond it, about so many order statistics are used and the band is constant between: still valid, hardly wider."""

    def limits(self, n: int, confidence: float) -> tuple[Floats, Floats]:
        """Bounds for every count of points at or below t."""
        require(n > 0, "n", "a positive sample size", n)
        index = _knots(n, self.knots)
        alpha = _local_level(n, 1.0 - require_fraction("confidence", confidence), self.knots)
        below, above = _quantiles(n, index, alpha)
        # F(t) with c points at or below t lies between U_(c) and U_(c+1): the nearest knots outwards.
        c = np.arange(n + 1)
        left = np.searchsorted(index, c, side="right") - 1
        right = np.searchsorted(index, c + 1, side="left")
        low = np.where(left >= 0, below[np.maximum(left, 0)], 0.0)
        high = np.where(right < index.size, above[np.minimum(right, index.size - 1)], 1.0)
        return np.maximum(low * (1 - 1e-10), 0.0), np.minimum(high * (1 + 1e-10) + 1e-300, 1.0)


BANDS: dict[str, Band] = {b.name: b for b in (DKWBand(), EqualLocalLevels())}
"""Bands by name."""


def _knots(n: int, most: int) -> NDArray[np.int64]:
    """Order statistics 1..n, or a symmetric choice of about `most` of them, dense at the ends."""
    if n <= most:
        return np.arange(1, n + 1)
    half = np.unique(np.round(np.geomspace(1, n / 2, most // 2)).astype(np.int64))
    return np.unique(np.concatenate([half, n + 1 - half]))


def _quantiles(n: int, index: NDArray[np.int64], alpha: float) -> tuple[Floats, Floats]:
    i = index.astype(np.float64)
    low, high = (np.asarray(betaincinv(i, n + 1 - i, level), dtype=np.float64) for level in (alpha / 2, 1 - alpha / 2))
    return low, high


@lru_cache(maxsize=64)
def _local_level(n: int, delta: float, knots: int) -> float:
    """Largest local level whose joint coverage is at least 1 - delta, found from the safe side."""
    index = _knots(n, knots)
    low, high = delta / index.size, delta
    for _ in range(14):
        middle = math.sqrt(low * high)
        if coverage(n, index, *_quantiles(n, index, middle)) >= 1 - delta + 1e-9:
            low = middle
        else:
            high = middle
    return low


def coverage(n: int, index: NDArray[np.int64], below: Floats, above: Floats) -> float:
    """P(below_j <= U_(index_j) <= above_j for all j), exact up to float64 rounding of a sum of positive terms.

    The number of uniforms at or below t is a Poisson process conditioned on n at t = 1. Sweeping t through all ends in order:
    at `below_j` fewer than index_j may have come, at `above_j` at least index_j must have.

    >>> round(coverage(1, np.array([1]), np.array([0.1]), np.array([0.7])), 12)
    0.6
    """
    times = np.concatenate([below, above, [1.0]])
    ceiling = np.concatenate([index - 1, np.full(index.size, n), [n]])
    floor = np.concatenate([np.zeros(index.size, dtype=np.int64), index, [n]])
    order = np.argsort(times, kind="stable")
    law, start, before = np.array([1.0]), 0, 0.0
    scale = 0.0
    for j in order.tolist():
        rate = n * (times[j] - before)
        before = times[j]
        least, most = int(max(floor[j], start)), int(ceiling[j])
        if most < least:
            return 0.0
        if rate > 0:
            reach = min(most - start, int(rate + 12 * math.sqrt(rate) + 40))
            steps = np.arange(reach + 1)
            kernel = np.exp(steps * math.log(rate) - rate - gammaln(steps + 1))
            law = np.convolve(law, kernel)
        law = law[least - start : most - start + 1]
        start = least
        if law.size == 0:
            return 0.0
        total = float(law.sum())
        if total <= 0:
            return 0.0
        law, scale = law / total, scale + math.log(total)
    final = law[n - start] if n - start < law.size else 0.0
    return float(math.exp(scale - (n * math.log(n) - n - gammaln(n + 1))) * final)
