r"""A betting interval that does not look at the order: for stratified samples, for streams, for data spread over machines.

With a stake fixed before the data, :math:`K(m) = \prod_i (1 + \lambda (y_i - m))` depends on the data through their histogram only.
By the inequality of the means :math:`E K(m) = \prod (1 + \lambda(\mu_i - m)) \le 1` whenever the y_i are *independent* with
average mean m: they need not be identically distributed, so fixed numbers of draws a prompt, or an arm, are covered as
they stand (the trap of T15). A mixture over a grid of stakes costs a logarithm of the grid's size, and nothing has to be
tuned to the unknown variance. Both ends solve K(m) = 2/delta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from estimators.intervals import checked_sample
from estimators.results import Interval
from mari_theory.errors import require, require_fraction
from mari_theory.units import Floats

INDEPENDENT = "the terms are independent; they need not be identically distributed"
_FINE = 5  # bins an octave: 2^5
_OCTAVES = 43  # below 1/2, then as many above it, towards 1
_HALF = (_OCTAVES << _FINE) + 1
_BINS = 2 * _HALF
_UNIT = 2.0**-52
_EDGE = 1e-15
"""A mean that is rejected beyond this is 0."""
_FEW = 1 << 12
"""So many different values, or fewer, need no bins."""


class Histogram(NamedTuple):
    """Counts and exact sums (in units of 2^-52, split at 2^26) of values in [0, 1], in bins that narrow towards both ends."""

    counts: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Values seen."""
        return int(self.counts.sum())

    def total(self) -> int:
        """The exact sum of the (rounded) values in units of 2^-52."""
        return (int(self.high.sum()) << 26) + int(self.low.sum())


def empty_histogram() -> Histogram:
    """No values."""
    return Histogram(*(np.zeros(_BINS, dtype=np.int64) for _ in range(3)))


def histogram(y: Floats) -> Histogram:
    """Of values in [0, 1], each rounded to a multiple of 2^-52; integers throughout, so any order of merging agrees to the bit.

    >>> a, b = histogram(np.array([0.25, 0.5])), histogram(np.array([1.0]))
    >>> merge_histograms(a, b).total() == merge_histograms(b, a).total() == 7 << 50
    True
    """
    require(y.size <= 1 << 26, "y", "at most 2^26 values a batch", y.size)
    y = np.ascontiguousarray(y, dtype=np.float64)
    above = y >= 0.5
    bins = (np.where(above, 1.0 - y, y).view(np.int64) >> (52 - _FINE)) - ((1022 - _OCTAVES) << _FINE) + 1
    np.clip(bins, 0, _HALF - 1, out=bins)
    bins += _HALF * above
    units = np.rint(y * 2.0**52).astype(np.int64)
    count = np.bincount(bins, minlength=_BINS)
    # Each weight is an integer below 2^27 and a batch has at most 2^26 rows: the float sums are exact.
    high = np.bincount(bins, weights=units >> 26, minlength=_BINS)
    low = np.bincount(bins, weights=units & ((1 << 26) - 1), minlength=_BINS)
    return Histogram(count.astype(np.int64), high.astype(np.int64), low.astype(np.int64))


def merge_histograms(a: Histogram, b: Histogram) -> Histogram:
    """Of both together."""
    return Histogram(a.counts + b.counts, a.high + b.high, a.low + b.low)


def _edges() -> tuple[Floats, Floats]:
    """Ends of each bin: zero and everything below 2^-44, then 32 bins an octave up to 1/2, and the same mirrored."""
    octave, step = np.divmod(np.arange(_HALF - 1), 1 << _FINE)
    left = 2.0 ** (octave - _OCTAVES - 1) * (1 + step / (1 << _FINE))
    left = np.concatenate([[0.0], left])
    right = np.append(left[1:], 0.5)
    return np.concatenate([left, 1.0 - right]), np.concatenate([right, 1.0 - left])


_LEFT, _RIGHT = _edges()
# A value may be moved across a bin's edge by its rounding to 2^-52.
_LEFT, _RIGHT = np.maximum(_LEFT - _UNIT, 0.0), np.minimum(_RIGHT + _UNIT, 1.0)


@dataclass(frozen=True)
class OrderFree:
    """Mixture of fixed-stake bets for independent, not necessarily identical, terms; order-free and mergeable.

    Stakes sqrt(2 ln(2/delta)/(n v)) for v = 1/4, 1/12, 1/36 ... down to 1/n^2, weights falling as 1/(j+1). Many
    different values go into a histogram: within a bin the logarithm is replaced by its chord at the bin's exact mean, which can
    only lower the capital.

    >>> print(OrderFree().interval(np.full(1000, 0.5)))
    [0.497343, 0.502657] at confidence 0.95 (order-free)
    """

    name: str = "order-free"
    """Name in results and in `INTERVALS`."""
    cap: float = 0.9
    """Largest share of the capital that a bet can lose, in (0, 1): a stake on the mean m is at most cap/m."""

    def interval(
        self, y: Float[np.ndarray, " n"], confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """Two-sided interval for the average mean of independent terms in [lower, upper]."""
        unit, _ = checked_sample(y, confidence, lower, upper)
        values, number = np.unique(unit, return_counts=True) if unit.size <= 16 * _FEW else (unit, unit)
        if values.size <= _FEW:
            exact = _Bins(number.astype(float), values, values, values)
            return self._interval(exact, unit.size, float(unit.mean()), confidence, lower, upper)
        summary = empty_histogram()
        for start in range(0, unit.size, 1 << 22):
            summary = merge_histograms(summary, histogram(unit[start : start + (1 << 22)]))
        return self.of_histogram(summary, confidence, lower, upper)

    def of_histogram(
        self, seen: Histogram, confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """The same from a histogram of the terms scaled to [0, 1]."""
        n = seen.n
        require(n > 0, "y", "at least one term", "none")
        require_fraction("confidence", confidence)
        return self._interval(_bins(seen), n, seen.total() * _UNIT / n, confidence, lower, upper)

    def _interval(self, bins: _Bins, n: int, value: float, confidence: float, lower: float, upper: float) -> Interval:
        delta = 1.0 - confidence
        low = self._end(bins, n, delta)
        high = 1.0 - self._end(bins.mirrored(), n, delta)
        if not low - 1e-15 <= value <= high + 1e-15:
            low, high = 0.0, 1.0  # ends that cross deny independence: nothing is claimed
        slack = 2e-15 + 2 * _UNIT
        span = upper - lower
        return Interval(
            max(lower + span * (low - slack), lower),
            min(lower + span * (high + slack), upper),
            confidence,
            self.name,
            "T15",
            (INDEPENDENT,),
        )

    def log_e_value(self, y: Float[np.ndarray, " n"], mean: float, confidence: float = 0.95) -> float:
        """ln of the capital of the bets that terms in [0, 1] average more than `mean`; its expectation is at most 1 if they do not.

        >>> OrderFree().log_e_value(np.ones(50), 0.5) > 10, OrderFree().log_e_value(np.zeros(50), 0.5) < 0
        (True, True)
        """
        return self.log_e_values(y, confidence)(mean)

    def log_e_values(self, y: Float[np.ndarray, " n"], confidence: float = 0.95) -> Callable[[float], float]:
        """The same as a function of the mean; the terms are sorted once and not put into bins."""
        unit, delta = checked_sample(y, confidence, 0.0, 1.0)
        values, number = np.unique(unit, return_counts=True)
        log_capital = self._log_capital(_Bins(number.astype(float), values, values, values), unit.size, delta)
        return lambda mean: log_capital(min(max(mean, 1e-15), 1.0))

    def _log_capital(self, bins: _Bins, n: int, delta: float) -> Callable[[float], float]:
        level = math.log(2.0 / delta)
        depth = max(2, math.ceil(2 * math.log(n + 1) / math.log(3)))
        stakes = np.sqrt(2 * level / (n * 0.25 * 3.0 ** -np.arange(depth)))
        weights = 1.0 / np.arange(1, depth + 1)
        weights /= weights.sum()
        number, left, right, mean = bins
        width = right - left
        binned = bool(np.any(width > 0))
        share = np.divide(mean - left, width, out=np.zeros_like(mean), where=width > 0)

        def log_capital(m: float) -> float:
            bets = np.minimum(stakes, self.cap / m)[:, None]
            ends = np.log1p(bets * (left - m))
            if binned:
                ends = (1 - share) * ends + share * np.log1p(bets * (right - m))
            logs = ends @ number + np.log(weights)
            top = float(logs.max())
            return top + math.log(float(np.exp(logs - top).sum()))

        return log_capital

    def _end(self, bins: _Bins, n: int, delta: float) -> float:
        """Largest m that the bets on larger means reject, from below."""
        from scipy.optimize import brentq  # slow to import, needed only here

        log_capital = self._log_capital(bins, n, delta)
        target = math.log(2.0 / delta) + 1e-9 * (1 + math.log(n))

        def excess(m: float) -> float:
            return log_capital(m) - target

        if excess(_EDGE) < 0:
            return 0.0
        end = float(brentq(excess, _EDGE, 1.0, xtol=1e-16, rtol=1e-15, maxiter=200))
        step = 1e-16
        while end > _EDGE and excess(end) < 0:
            end, step = max(end - step, _EDGE), 2 * step
        return end


class _Bins(NamedTuple):
    """Used bins: numbers of values, edges, exact means."""

    number: Floats
    left: Floats
    right: Floats
    mean: Floats

    def mirrored(self) -> _Bins:
        """Of 1 - y."""
        return _Bins(self.number, 1 - self.right, 1 - self.left, 1 - self.mean)


def _bins(summary: Histogram) -> _Bins:
    used = summary.counts > 0
    count = summary.counts[used].astype(float)
    left, right = _LEFT[used], _RIGHT[used]
    mean = (summary.high[used] * 2.0**26 + summary.low[used]) * _UNIT / count
    return _Bins(count, left, right, np.clip(mean, left, right))
