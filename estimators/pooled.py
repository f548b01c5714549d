"""Pooled marginal information: certified from mean next-token distributions (T17, T18)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from estimators.results import Certified, Interval
from mari_theory.divergences import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.errors import require, require_fraction
from mari_theory.units import LN2

Arms = Literal["independent", "dependent"]
"""Whether the two arms' samples are independent of each other; within an arm they always are."""
MULTIPLIERS: tuple[float, ...] = tuple(math.log2(2 * LN2) * 2.0 ** (-k / 2) for k in range(16))
"""Grid of T17's l, fixed before the data: log2(2 ln 2) is best when the plug-in is 0, smaller l when it is large."""


def upper_slope(multiplier: float) -> float:
    """T17's c_l = sup over x >= -ln 2 of (e^{lx} - 1 - lx)/(e^x - 1 - x) = (2^-l - 1 + l ln 2)/(ln 2 - 1/2), attained at -ln 2.

    Below l^2 (ln 2)^2/(2 ln 2 - 1), its limit as l -> 0.

    >>> upper_slope(1.0), round(upper_slope(1e-4) / 1e-8, 3)
    (1.0, 1.244)
    """
    return (math.expm1(-multiplier * LN2) + multiplier * LN2) / (LN2 - 0.5)


def effective_size(n: int, m: int, arms: Arms) -> float:
    """N of T17 and T29: the smaller sample, or half of it when the arms depend on each other.

    >>> effective_size(100, 300, "independent"), effective_size(100, 300, "dependent")
    (100.0, 50.0)
    """
    require(arms in ("independent", "dependent"), "arms", "independent or dependent", arms)
    return min(n, m) / (1.0 if arms == "independent" else 2.0)


def between_arms(arms: Arms) -> str:
    """The assumption on the two samples together, in words."""
    if arms == "independent":
        return "the two arms are independent of each other (no shared prompts, pairs or randomness)"
    return "the two arms may depend on each other: the bound counts half the sample (Cauchy-Schwarz)"


@dataclass(frozen=True)
class FastRate:
    """T17: JSD(P, Q) <= (Fhat + ln(K/delta)/(2 l N)) / (1 - c_l/l), best l of a grid of K, 0 < l < 1; no vocabulary size.

    The proof multiplies the arms' exponential moments. Arms that depend on each other (shared prompts, shared randomness) need
    Cauchy-Schwarz instead: N becomes N/2.

    >>> FastRate().upper(0.0, 1000, 1000, 0.95) < BoundedDifferences().upper(0.0, 1000, 1000, 0.95)
    True
    >>> FastRate().upper(0.01, 1000, 1000, 0.95, "dependent") == FastRate().upper(0.01, 500, 500, 0.95)
    True
    """

    name: str = "pooled-fast-rate"
    """Name in results."""
    multipliers: tuple[float, ...] = MULTIPLIERS
    """Grid of l, each in (0, 1), fixed before the data."""

    def __post_init__(self) -> None:
        ok = len(self.multipliers) > 0 and all(0.0 < k < 1.0 for k in self.multipliers)
        require(ok, "multipliers", "numbers in (0, 1)", self.multipliers)

    def upper(self, plug_in: float, n: int, m: int, confidence: float, arms: Arms = "independent") -> float:
        """Upper bound in nats at `confidence`, at most ln 2, rounded up."""
        level = math.log(len(self.multipliers) / (1.0 - require_fraction("confidence", confidence)))
        size = effective_size(n, m, arms)
        bounds = [(plug_in + level / (2 * k * size)) / (1 - upper_slope(k) / k) for k in self.multipliers]
        return min(LN2, min(bounds) * (1 + 1e-14))


@dataclass(frozen=True)
class BoundedDifferences:
    """The baseline: McDiarmid with constant (1 + ln(n+1))/(2n) a sample: Fhat + sqrt(ln(1/delta)/2 sum c_i^2)."""

    name: str = "pooled-bounded-differences"
    """Name in results."""

    def upper(self, plug_in: float, n: int, m: int, confidence: float, arms: Arms = "independent") -> float:
        """Upper bound in nats at `confidence`, at most ln 2, rounded up; McDiarmid's inequality needs independent arms."""
        require(arms == "independent", "arms", f"independent arms for {self.name}", arms)
        level = -math.log(1.0 - require_fraction("confidence", confidence))
        squares = sum(k * ((1 + math.log(k + 1)) / (2 * k)) ** 2 for k in (n, m))
        return min(LN2, (plug_in + math.sqrt(level * squares / 2)) * (1 + 1e-14))


UPPER_BOUNDS: dict[str, FastRate | BoundedDifferences] = {
    "pooled-fast-rate": FastRate(),
    "pooled-bounded-differences": BoundedDifferences(),
}


def mean_rounding(n: int) -> float:
    """L1 error bound of a float64 running mean of n distributions: (n + 2) 2^-52."""
    return (n + 2) * 2.0**-52


def certify_pooled(
    p_mean: Float[np.ndarray, " vocab"],
    q_mean: Float[np.ndarray, " vocab"],
    n: int,
    m: int,
    confidence: float = 0.95,
    *,
    finite_population: bool = False,
    bound: FastRate | BoundedDifferences | None = None,
    arms_independent: bool = True,
) -> Certified:
    """Pooled JSD between two mean distributions, with a certified interval in nats (T17, T18).

    With `finite_population` the means are over the whole sets: the interval carries rounding only (ball arithmetic,
    plus the error of accumulating n and m float64 vectors). Otherwise p_mean averages n and q_mean averages m
    i.i.d. distributions (a sequence is one: average its tokens first), and the upper end is T17's; the lower end is 0.
    The two arms must be independent of each other; where they share prompts or randomness, pass `arms_independent=False`: half
    the sample counts, or make each pair one unit.

    Raises `ArgumentError` on negative, NaN or unnormalised (1e-6) rows, different sizes, counts below 1, dependent arms with a bound that
    does not allow them.

    >>> e = certify_pooled(np.array([0.5, 0.5]), np.array([0.5, 0.5]), 1000, 1000)
    >>> 0.0 < e.interval.upper < 0.02
    True
    """
    require(n >= 1 and m >= 1, "n, m", "counts of at least 1", (n, m))
    value = float(jensen_shannon(p_mean, q_mean))
    if finite_population:
        low, high = jensen_shannon_enclosure(p_mean, q_mean)
        # A triangle of square roots (T4) turns the L1 error of each mean into an error of the divergence.
        root = math.sqrt(LN2 * mean_rounding(n) / 2) + math.sqrt(LN2 * mean_rounding(m) / 2)
        low, high = max(math.sqrt(low) - root, 0.0) ** 2, (math.sqrt(high) + root) ** 2
        interval = Interval(
            max(low * (1 - 1e-15), 0.0),
            min(high * (1 + 1e-15), LN2),
            confidence,
            "finite-population",
            "T18",
            ("both means are over the complete sets", "only rounding error remains"),
        )
    else:
        method = bound or FastRate()
        arms: Arms = "independent" if arms_independent else "dependent"
        interval = Interval(
            0.0,
            max(method.upper(value, n, m, confidence, arms), 0.0),
            confidence,
            method.name if arms_independent else f"{method.name}-dependent-arms",
            "T17",
            (
                "the n and the m averaged distributions are i.i.d. (one per sequence or author)",
                between_arms(arms),
                "the lower end is the trivial 0",
            ),
        )
    return Certified("pooled Jensen-Shannon divergence", value, interval, n + m)
