"""Finite-sample confidence intervals for the mean of a bounded i.i.d. sample, and for a distribution function.

Each interval is an object with `.interval(y, confidence, lower=0, upper=1)`. All are two-sided: each side may fail
with probability (1 - confidence)/2, except DKW. Nothing here is asymptotic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.special import betainccinv, betaincinv

from estimators.results import Interval
from mari_theory.errors import require, require_fraction
from mari_theory.units import Floats

IID = "the sample is independent and identically distributed"
_CHUNK = 1 << 17
_EDGE = 1e-12


@runtime_checkable
class BoundedMean(Protocol):
    """Anything that turns a bounded sample into an `Interval` for its mean."""

    def interval(self, y: Floats, confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0) -> Interval:
        """Two-sided interval for E Y, Y in [lower, upper]."""
        ...

    @property
    def name(self) -> str:
        """The name in certificates and on the command line."""
        ...


@dataclass(frozen=True)
class Hoeffding:
    """mean +- (upper-lower) sqrt(ln(2/delta)/(2n)). Valid for independent, not necessarily identical, terms.

    >>> print(Hoeffding().interval(np.full(200, 0.5)))
    [0.403967, 0.596033] at confidence 0.95 (hoeffding)
    """

    name: str = "hoeffding"
    """Name in results and in `INTERVALS`."""

    def interval(
        self, y: Float[np.ndarray, " n"], confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """Two-sided interval for the mean; raises `ArgumentError` on values outside [lower, upper]."""
        y, delta = checked_sample(y, confidence, lower, upper)
        half = math.sqrt(math.log(2.0 / delta) / (2 * y.size))
        return _scaled_interval(float(y.mean()), half, half, self.name, confidence, (lower, upper))


@dataclass(frozen=True)
class MaurerPontil:
    """Empirical Bernstein: mean +- sqrt(2 V ln(4/delta)/n) + 7 ln(4/delta)/(3(n-1)), V the sample variance.

    Source: Maurer and Pontil (2009), theorem 4, at delta/2 a side.

    >>> print(MaurerPontil().interval(np.full(201, 0.5)))
    [0.448876, 0.551124] at confidence 0.95 (maurer-pontil)
    """

    name: str = "maurer-pontil"
    """Name in results and in `INTERVALS`."""

    def interval(
        self, y: Float[np.ndarray, " n"], confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """Two-sided interval for the mean; the trivial interval for n = 1."""
        y, delta = checked_sample(y, confidence, lower, upper)
        if y.size < 2:
            return Interval(lower, upper, confidence, self.name, "T15", (IID,))
        level = math.log(4.0 / delta)
        half = math.sqrt(2 * float(y.var(ddof=1)) * level / y.size) + 7 * level / (3 * (y.size - 1))
        return _scaled_interval(float(y.mean()), half, half, self.name, confidence, (lower, upper))


@dataclass(frozen=True)
class ClopperPearson:
    """Exact interval for a probability from a 0/1 sample (or `counts`).

    >>> print(ClopperPearson().counts(0, 10))
    [0, 0.308498] at confidence 0.95 (clopper-pearson)
    """

    name: str = "clopper-pearson"
    """Name in results."""

    def counts(self, successes: int, trials: int, confidence: float = 0.95) -> Interval:
        """Two-sided interval from counts, outward by 1e-14."""
        delta = 1.0 - require_fraction("confidence", confidence)
        ok = trials > 0 and 0 <= successes <= trials
        require(ok, "successes, trials", "0 <= successes <= trials, trials > 0", (successes, trials))
        low = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, delta / 2))
        high = 1.0 if successes == trials else float(betainccinv(successes + 1, trials - successes, delta / 2))
        return Interval(max(low - 1e-14, 0.0), min(high + 1e-14, 1.0), confidence, self.name, "T19", (IID,))

    def interval(
        self, y: Float[np.ndarray, " n"], confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """Two-sided interval for the mean of a sample with values in {lower, upper} only."""
        y, _ = checked_sample(y, confidence, lower, upper)
        require(bool(np.all((y == 0) | (y == 1))), "y", "only the two end values", "a value between")
        unit = self.counts(int(y.sum()), y.size, confidence)
        span = upper - lower
        return Interval(lower + span * unit.lower, lower + span * unit.upper, confidence, self.name, "T15", (IID,))


@dataclass(frozen=True)
class Betting:
    r"""Hedged-capital betting interval of Waudby-Smith and Ramdas (2024), by root finding.

    For each candidate mean m two gamblers bet on the data with stakes known before each outcome,

    .. math:: K^\pm_t(m) = \prod_{i \le t} (1 \pm \min(\lambda_i, c/\cdot)(y_i - m)),

    both non-negative martingales at the true mean. m is rejected once a capital reaches 2/delta at any time (Ville).
    The capitals are monotone in m, so the interval is two roots; no grid.

    `anytime=False` tunes the stakes to the sample size; `anytime=True` to every size at once, so the interval after each
    observation holds for all of them together. Both are valid at a data-independent n.
    Memory beyond the data is one chunk. Rounded outwards.

    >>> print(Betting().interval(np.full(1000, 0.5)))
    [0.497878, 0.502122] at confidence 0.95 (betting)
    """

    anytime: bool = False
    """Does it hold at every number of rows at once?"""
    cap: float = 0.9
    """Largest share of the capital at stake."""

    @property
    def name(self) -> str:
        """`betting` or `betting-anytime`."""
        return "betting-anytime" if self.anytime else "betting"

    def interval(
        self, y: Float[np.ndarray, " n"], confidence: float = 0.95, lower: float = 0.0, upper: float = 1.0
    ) -> Interval:
        """Two-sided interval for the mean of an i.i.d. sample in [lower, upper]."""
        y, delta = checked_sample(y, confidence, lower, upper)
        low = self._end(y, delta)
        high = 1.0 - self._end(y, delta, flipped=True)
        if not low <= float(y.mean()) <= high:
            # Ends that cross, or miss the mean, have probability at most delta: they deny the assumption, so nothing is claimed.
            low, high = 0.0, 1.0
        span = upper - lower
        return Interval(
            max(math.nextafter(lower + span * low, -math.inf), lower),
            min(math.nextafter(lower + span * high, math.inf), upper),
            confidence,
            self.name,
            "T15",
            (IID,),
        )

    def _end(self, y: Floats, delta: float, flipped: bool = False) -> float:
        """Largest m at which the gambler on larger means has reached 2/delta; a hair lower, for rounding."""
        from scipy.optimize import brentq  # slow to import, needed only here

        chunks = _Stakes(y, delta, self.anytime, flipped)
        level = math.log(2.0 / delta) + 1e-6

        def excess(m: float) -> float:
            return chunks.log_capital(m, self.cap) - level

        mean = float(y.mean())
        mean = 1.0 - mean if flipped else mean
        if excess(_EDGE) < 0:
            return 0.0
        half = math.sqrt(2 * float(y.var()) * level / y.size) + 4 * level / y.size
        low, high = _EDGE, 1.0 - _EDGE
        for guess in (mean - half, mean - half / 4, mean + half):
            if low < guess < high:
                low, high = (guess, high) if excess(guess) >= 0 else (low, guess)
        if low == _EDGE and excess(high) >= 0:  # only a sample of ones can reach here
            return high
        root = float(brentq(excess, low, high, xtol=1e-15, rtol=1e-13, maxiter=200))
        step = 1e-13
        while root > _EDGE and excess(root) < -5e-7:
            root, step = max(root - step, _EDGE), step * 4
        return root if root > _EDGE else 0.0


class _Stakes:
    """Predictable stakes chunk by chunk; a sample that fits one chunk keeps them."""

    def __init__(self, y: Floats, delta: float, anytime: bool, flipped: bool) -> None:
        self.y, self.delta, self.anytime, self.flipped = y, delta, anytime, flipped
        self.block = 1 if y.size <= 4096 else 16
        self.kept = list(self._chunks()) if y.size <= _CHUNK else None

    def _chunks(self) -> Iterator[tuple[Floats, Floats]]:
        n, level = self.y.size, 2.0 * math.log(2.0 / self.delta)
        total, spread = 0.5, 0.25
        for start in range(0, n, _CHUNK):
            x = self.y[start : start + _CHUNK]
            x = 1.0 - x if self.flipped else x
            index = np.arange(start + 1, start + x.size + 1, dtype=float)
            sums = np.cumsum(x)
            sums += total
            deviations = x - sums / (index + 1)
            deviations *= deviations
            squares = np.cumsum(deviations)
            squares += spread
            previous = np.empty(x.size)
            previous[0], previous[1:] = spread, squares[:-1]
            total, spread = float(sums[-1]), float(squares[-1])
            # previous/index is the variance estimate before outcome `index`.
            horizon = index * np.log1p(index) if self.anytime else float(n)
            yield x, np.sqrt(level * index / (previous * horizon))

    def log_capital(self, m: float, cap: float) -> float:
        """max over times of ln K_t(m) (times are multiples of the block, and the end)."""
        running, best = 0.0, 0.0
        for x, stakes in self.kept if self.kept is not None else self._chunks():
            factor = np.minimum(stakes, cap / m)
            factor *= x - m
            factor += 1.0
            if self.block > 1:
                full = factor.size - factor.size % self.block
                tail = float(np.log(factor[full:]).sum())
                factor = np.multiply.reduce(factor[:full].reshape(-1, self.block), axis=1)
            else:
                tail = 0.0
            path = np.cumsum(np.log(factor))
            if path.size:
                best = max(best, running + float(path.max()))
                running += float(path[-1])
            running += tail
            best = max(best, running)
        return best


@dataclass(frozen=True)
class DKW:
    """Dvoretzky-Kiefer-Wolfowitz-Massart band: sup |F_n - F| <= sqrt(ln(2/delta)/(2n)).

    >>> round(DKW().radius(1000, 0.95), 4)
    0.0429
    """

    name: str = "dkw"
    """The band's name."""

    def radius(self, n: int, confidence: float = 0.95) -> float:
        """Half-width of the simultaneous band."""
        require(n > 0, "n", "a positive sample size", n)
        delta = 1.0 - require_fraction("confidence", confidence)
        return math.sqrt(math.log(2.0 / delta) / (2 * n)) * (1 + 1e-15)


def checked_sample(y: Floats, confidence: float, lower: float, upper: float) -> tuple[Floats, float]:
    """The sample scaled to [0, 1], and delta; raises `ArgumentError` on values outside [lower, upper]."""
    y = np.asarray(y, dtype=float)
    require(y.ndim == 1 and y.size > 0, "y", "a non-empty one-dimensional sample", f"shape {y.shape}")
    require(
        math.isfinite(lower) and math.isfinite(upper) and lower < upper, "lower, upper", "lower < upper", (lower, upper)
    )
    delta = 1.0 - require_fraction("confidence", confidence)
    low, high = float(y.min()), float(y.max())
    require(
        low >= lower - 1e-12 and high <= upper + 1e-12, "y", f"values in [{lower:g}, {upper:g}]", f"[{low}, {high}]"
    )
    if (lower, upper) != (0.0, 1.0):
        y = (y - lower) / (upper - lower)
    return (np.clip(y, 0.0, 1.0) if low < lower or high > upper or upper != 1.0 else y), delta


def _scaled_interval(
    mean: float, below: float, above: float, method: str, confidence: float, limits: tuple[float, float]
) -> Interval:
    (lower, upper), slack = limits, 1e-14
    span = upper - lower
    return Interval(
        max(lower + span * (mean - below - slack), lower),
        min(lower + span * (mean + above + slack), upper),
        confidence,
        method,
        "T15",
        (IID,),
    )
