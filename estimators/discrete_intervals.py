r"""Certified intervals for Jensen-Shannon divergence, mutual information and entropy from counts, at every sample size.

Divergence (T29, derived here), N = min(n, m), Fhat the plug-in, M = (P + Q)/2:

* upper end: T17 with one-hot distributions, no dependence on the alphabet;
* lower end: `Fhat <= KL(p|M)/2 + KL(q|M)/2` for the empirical p, q, and
  `KL(p|M) = KL(p|P) + mean of psi`, `psi = ln(P/M) <= ln 2`, `E e^-psi <= 1`, so that `ln E e^{l(psi - E psi)} <= c_l KL(P|M)` with
  `c_l = (2^l - 1 - l ln 2)/(ln 2 - 1/2)`. With Agrawal's (2020) bound on `n KL(p|P) + m KL(q|Q)`,

.. math:: JSD \ge \frac{Fhat - t/(2N) - \ln(1/\delta)/(2 l N)}{1 + c_l/l}.

Mutual information: every table with `KL(phat | p) <= kappa` has its information between two linear programmes over that ball
(both sides), or McDiarmid's bound on the plug-in with its bias between 0 and ln(1 + (K-1)/n) where the alphabet is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import xlogy

from estimators.discrete import PlugIn, as_counts
from estimators.pooled import FastRate, upper_slope
from estimators.results import Certified, Interval
from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require, require_fraction

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
LOWER_MULTIPLIERS: tuple[float, ...] = tuple(2.0 ** (-k / 2) for k in range(16))
"""Grid of l for the lower end, fixed before the data."""
ASSUMPTIONS = (
    "the observations are independent draws from their law",
    "the alphabet (number of symbols, seen or not) was known before the data",
)


def lower_slope(multiplier: float) -> float:
    """c_l = sup over x <= ln 2 of (e^{lx} - 1 - lx)/(e^{-x} - 1 + x), attained at ln 2 for 0 < l <= 1 (T29)."""
    return upper_slope(-multiplier)


def divergence_level(degrees: float, delta: float) -> float:
    """Smallest t with e^-t (e t/d)^d <= delta, t >= d: the bound on n KL(phat | P) with d = K - 1 (Agrawal, 2020).

    >>> divergence_level(0, 0.05) == math.log(20)
    True
    """
    level = math.log(1.0 / delta)
    if degrees == 0:
        return level

    def excess(t: float) -> float:
        return t - degrees - degrees * math.log(t / degrees) - level

    return float(brentq(excess, degrees, 4 * degrees + 4 * level + 10)) * (1 + 1e-12) + 1e-12


def certify_counts_jsd(
    counts_p: ArrayLike, counts_q: ArrayLike, confidence: float = 0.95, alphabet: int | None = None
) -> Certified:
    """JSD at weight 1/2 between two laws known from counts only, with an interval in nats (T17 above, T29 below).

    `counts_p[i]` and `counts_q[i]` count symbol i; `alphabet` is the number of possible symbols (default: the length of the
    arrays) and matters for the lower end only. Raises `ArgumentError` on negative or fractional counts, an empty arm.

    >>> result = certify_counts_jsd([900, 100], [100, 900])
    >>> 0.36 in result.interval and result.interval.lower > 0.2
    True
    """
    c, d = as_counts("counts_p", counts_p, 1), as_counts("counts_q", counts_q, 1)
    require(c.size == d.size, "counts_p, counts_q", "counts of the same symbols", (c.size, d.size))
    n, m = int(c.sum()), int(d.sum())
    k = c.size if alphabet is None else alphabet
    require(k >= c.size, "alphabet", f"at least the {c.size} symbols counted", k)
    delta = 1.0 - require_fraction("confidence", confidence)
    value = float(jensen_shannon(c / n, d / m))
    upper = FastRate().upper(value, n, m, 1.0 - delta / 2)
    size = min(n, m)
    gap = divergence_level(2 * (k - 1), delta / 4) / (2 * size)
    level = math.log(4 * len(LOWER_MULTIPLIERS) / delta)
    lower = max((value - gap - level / (2 * s * size)) / (1 + lower_slope(s) / s) for s in LOWER_MULTIPLIERS)
    interval = Interval(max(lower * (1 - 1e-12), 0.0), upper, confidence, "counts-fast-rate", "T29", ASSUMPTIONS)
    return Certified("Jensen-Shannon divergence", value, interval, n + m, method="plug-in", direction="upper bound")


@dataclass(frozen=True)
class DivergenceBall:
    """All laws p with KL(phat | p) <= kappa; linear functionals are maximised over it exactly."""

    p_hat: Floats
    kappa: float

    def largest_mean(self, values: Floats) -> float:
        r"""max over the ball of sum p values, from above.

        For every nu > max values, weak duality gives the bound `nu - exp(E_phat ln(nu - values) - kappa)`; the best nu is the
        maximum itself, and any other is only looser.
        """
        top, spread = float(values.max()), float(values.max() - values.min())
        if spread < 1e-15:
            return top
        seen = self.p_hat > 0
        p, gap = self.p_hat[seen], top - values[seen]

        def bound(log_excess: float) -> float:
            excess = math.exp(log_excess)
            return excess - math.exp(float(np.sum(p * np.log(gap + excess))) - self.kappa)

        best = minimize_scalar(bound, bounds=(math.log(spread * 1e-12), math.log(spread * 1e6)), method="bounded")
        found = float(bound(best.x))
        return top + min(found, 0.0) + 1e-12 * (1 + abs(top) + math.exp(float(best.x)))

    def smallest_mean(self, values: Floats) -> float:
        """min over the ball of sum p values, rounded down."""
        return -self.largest_mean(-values)


def certify_table_mi(table: ArrayLike, confidence: float = 0.95) -> Certified:
    """Mutual information from a contingency table (rows X, columns Y, all possible symbols listed), interval in nats.

    The bound is chosen by the shape of the table and n alone: the KL ball where K/n is small, McDiarmid elsewhere (T30).
    Raises `ArgumentError` on negative or fractional counts.

    >>> result = certify_table_mi([[450, 50], [50, 450]])
    >>> 0.368 in result.interval and result.interval.lower > 0.15
    True
    """
    t = as_counts("table", table, 2)
    delta = 1.0 - require_fraction("confidence", confidence)
    n, k = int(t.sum()), t.size
    joint = t / n
    px, py = joint.sum(axis=1), joint.sum(axis=0)
    value = float(np.sum(xlogy(joint, joint) - xlogy(joint, np.outer(px, py))))
    ceiling = math.log(min(t.shape))
    if min(t.shape) == 1:
        low = high = 0.0
        method = "constant"
    else:
        kappa = divergence_level(k - 1, delta) / n
        wide = 3 * entropy_step(n) * math.sqrt(n * math.log(2 / delta) / 2)
        if 2 * math.sqrt(2 * kappa) + k * kappa < 2 * wide:
            low, high = _ball_ends(joint, kappa)
            method = "divergence-ball"
        else:
            low = value - wide - math.log1p((k - 1) / n)
            high = value + wide + math.log1p((min(t.shape) - 1) / n)
            method = "bounded-differences"
    interval = Interval(
        max(low - 1e-12, 0.0), max(min(high + 1e-12, ceiling), 0.0), confidence, method, "T30", ASSUMPTIONS
    )
    return Certified("mutual information", value, interval, n, method="plug-in")


def _ball_ends(joint: Floats, kappa: float) -> tuple[float, float]:
    """Ends of the information over all tables in the ball, from a smoothed reference table."""
    ball = DivergenceBall(joint.ravel(), kappa)
    rows, columns = DivergenceBall(joint.sum(axis=1), kappa), DivergenceBall(joint.sum(axis=0), kappa)
    smooth = joint + kappa / joint.size
    smooth /= smooth.sum()
    log_ratio = np.log(smooth) - np.log(np.outer(smooth.sum(axis=1), smooth.sum(axis=0)))
    linear = log_ratio.ravel()
    # Donsker-Varadhan with T = the reference's log-ratio: I >= E T - ln E_{product} e^T, margins in their own balls.
    tilted = np.array([columns.largest_mean(row) for row in np.exp(log_ratio)])
    low = ball.smallest_mean(linear) - math.log(rows.largest_mean(tilted))
    # I(p) <= KL(p | r) for a product r, = E_p ln(s/r) + KL(p | s); the last term cell by cell at the ends of its range.
    excess = 0.0
    for p, s in zip(joint.ravel().tolist(), smooth.ravel().tolist(), strict=True):
        excess += max(_bernoulli_term(x, s) for x in _cell_range(p, kappa))
    return low, ball.largest_mean(linear) + excess


def _bernoulli_term(p: float, s: float) -> float:
    return (p * math.log(p / s) if p > 0 else 0.0) - p + s


def _cell_range(p: float, kappa: float) -> tuple[float, float]:
    """All x with the binary divergence of p from x at most kappa, as an interval rounded outwards."""

    def excess(x: float) -> float:
        rest = math.inf if x == 1 > p else (1 - p) * math.log((1 - p) / (1 - x)) if p < 1 else 0.0
        return (p * math.log(p / x) if p > 0 else 0.0) + rest - kappa

    low = 0.0 if p == 0 or excess(p * 1e-12) < 0 else float(brentq(excess, p * 1e-12, p))
    top = 1 - (1 - p) * 1e-12
    high = 1.0 if p == 1 or excess(top) < 0 else float(brentq(excess, max(p, 1e-300), top))
    return max(low * (1 - 1e-9) - 1e-12, 0.0), min(high * (1 + 1e-9) + 1e-12, 1.0)


def entropy_step(n: int) -> float:
    """Largest change of the plug-in entropy when one of n observations changes (both cells at their extremes)."""
    last = (n - 1) / n
    return (math.log(n) / n - (last * math.log(last) if last > 0 else 0.0)) * (1 + 1e-12)


def certify_counts_entropy(counts: ArrayLike, confidence: float = 0.95) -> Certified:
    """Entropy from counts (all possible symbols listed): McDiarmid and the bias range [0, ln(1 + (K-1)/n)], in nats (T30).

    >>> math.log(2) in certify_counts_entropy([520, 480]).interval
    True
    """
    c = as_counts("counts", counts, 1)
    delta = 1.0 - require_fraction("confidence", confidence)
    n = int(c.sum())
    value = PlugIn().entropy(c[c > 0], c.size)
    half = entropy_step(n) * math.sqrt(n * math.log(2 / delta) / 2)
    low, high = max(value - half, 0.0), min(value + half + math.log1p((c.size - 1) / n), math.log(c.size))
    interval = Interval(min(low, high), high, confidence, "bounded-differences", "T30", ASSUMPTIONS)
    return Certified("entropy", value, interval, n, method="plug-in", direction="lower bound")
