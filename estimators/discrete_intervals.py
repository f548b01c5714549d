r"""Certified intervals for Jensen-Shannon divergence, mutual information and entropy from counts, at every sample size.

Divergence (T29, derived here), N = min(n, m), Fhat the plug-in, M = (P + Q)/2:

* upper end: T17 with one-hot distributions, no dependence on the alphabet;
* lower end: `Fhat <= KL(p|M)/2 + KL(q|M)/2` for the empirical p, q, and
  `KL(p|M) = KL(p|P) + mean of psi`, `psi = ln(P/M) <= ln 2`, `E e^-psi <= 1`, so that `ln E e^{l(psi - E psi)} <= c_l KL(P|M)` with
  `c_l = (2^l - 1 - l ln 2)/(ln 2 - 1/2)`. With Agrawal's (2020) bound on `n KL(p|P) + m KL(q|Q)`,

.. math:: JSD \ge \frac{Fhat - t/(2N) - \ln(1/\delta)/(2 l N)}{1 + c_l/l}.

The arms are independent of each other. Where they are not, Cauchy-Schwarz replaces the product of their exponential moments: N becomes N/2
in the linear term, and t is the bound of one arm (K - 1 degrees), taken twice.

Mutual information: every table with `KL(phat | p) <= kappa` has its information between two linear programmes over that ball
(both sides), or McDiarmid's bound on the plug-in with its bias between 0 and ln(1 + (K-1)/n) where the alphabet is large.

K is the number of symbols that *can* occur. Counts list all of them, zeros included, or `alphabet` says how many there are: the
symbols seen are no alphabet. Taking them for one misses the entropy of 1,000 equally likely symbols at n = 500 every time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import xlogy

from estimators.discrete import PlugIn, as_counts
from estimators.pooled import Arms, FastRate, between_arms, effective_size, upper_slope
from estimators.results import Certified, Interval
from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require, require_fraction
from mari_theory.units import Floats

LOWER_MULTIPLIERS: tuple[float, ...] = tuple(2.0 ** (-k / 2) for k in range(16))
"""Grid of l for the lower end, fixed before the data."""
ASSUMPTIONS = (
    "the observations are independent draws from their law",
    "the alphabet (number of symbols, seen or not) was known before the data",
)


def unseen_warning(name: str, counts: NDArray[np.int64]) -> tuple[str, ...]:
    """Where every symbol listed was seen and Chao's (1984) f_1 (f_1 - 1)/(2 (f_2 + 1)) expects at least one more."""
    once, twice = int(np.sum(counts == 1)), int(np.sum(counts == 2))
    if np.any(counts == 0) or once * (once - 1) < 2 * (twice + 1):
        return ()
    return (
        f"all {counts.size} symbols of {name} were seen, {once} of them once: others exist, most likely, and the interval "
        "holds only if these are all; pass the number of possible symbols",
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
    counts_p: ArrayLike,
    counts_q: ArrayLike,
    confidence: float = 0.95,
    alphabet: int | None = None,
    arms_independent: bool = True,
) -> Certified:
    """JSD at weight 1/2 between two laws known from counts only, with an interval in nats (T17 above, T29 below).

    `counts_p[i]` and `counts_q[i]` count symbol i, zeros included; `alphabet` is the number of possible symbols (default: the length
    of the arrays) and matters for the lower end only. Where the two samples depend on each other (shared prompts or randomness), pass
    `arms_independent=False`. Raises `ArgumentError` on negative or fractional counts, an empty arm, an `alphabet` below the symbols
    counted. Warns where the default most likely leaves symbols out.

    >>> result = certify_counts_jsd([900, 100], [100, 900])
    >>> 0.36 in result.interval and result.interval.lower > 0.2
    True
    """
    c, d = as_counts("counts_p", counts_p, 1), as_counts("counts_q", counts_q, 1)
    require(c.size == d.size, "counts_p, counts_q", "counts of the same symbols", (c.size, d.size))
    n, m = int(c.sum()), int(d.sum())
    k = _size("alphabet", alphabet, c.size)
    delta = 1.0 - require_fraction("confidence", confidence)
    value = float(jensen_shannon(c / n, d / m))
    arms: Arms = "independent" if arms_independent else "dependent"
    upper = FastRate().upper(value, n, m, 1.0 - delta / 2, arms)
    size = effective_size(n, m, arms)
    # Dependent arms: twice one arm's bound over 2 min(n, m), which is 4 times `size`.
    gap = divergence_level((2 if arms_independent else 1) * (k - 1), delta / 4) / (2 * size)
    level = math.log(4 * len(LOWER_MULTIPLIERS) / delta)
    lower = max((value - gap - level / (2 * s * size)) / (1 + lower_slope(s) / s) for s in LOWER_MULTIPLIERS)
    method = "counts-fast-rate" if arms_independent else "counts-fast-rate-dependent-arms"
    assumptions = (*ASSUMPTIONS, between_arms(arms))
    interval = Interval(max(lower * (1 - 1e-12), 0.0), upper, confidence, method, "T29", assumptions)
    return Certified(
        "Jensen-Shannon divergence",
        value,
        interval,
        n + m,
        method="plug-in",
        direction="upper bound",
        extra={"alphabet": k},
        warnings=unseen_warning("the arms", c + d) if alphabet is None else (),
    )


def _size(name: str, size: int | None, count: int) -> int:
    """The alphabet's size: as given, never below the symbols counted."""
    ok = size is None or (isinstance(size, (int, np.integer)) and size >= count)
    require(ok, name, f"a whole number, at least the {count} symbols counted", size)
    return count if size is None else int(size)


@dataclass(frozen=True)
class DivergenceBall:
    """All laws p with KL(phat | p) <= kappa; linear functionals are maximised over it exactly."""

    p_hat: Floats
    """Empirical law, shape (symbols,), sum 1."""
    kappa: float
    """Radius, nats, at least 0."""

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
        value = float(bound(best.x))
        return top + min(value, 0.0) + 1e-12 * (1 + abs(top) + math.exp(float(best.x)))

    def smallest_mean(self, values: Floats) -> float:
        """min over the ball of sum p values, rounded down."""
        return -self.largest_mean(-values)


def certify_table_mi(table: ArrayLike, confidence: float = 0.95, alphabets: tuple[int, int] | None = None) -> Certified:
    """Mutual information from a contingency table, rows X, columns Y, with an interval in nats (T30).

    `table[i, j]` counts pairs of symbol i of X and symbol j of Y. All possible symbols are listed, those never seen as rows and
    columns of zeros, or `alphabets` says how many X and Y have (default: the table's shape). The bound is chosen by the alphabets
    and n alone: the KL ball where K/n is small, McDiarmid elsewhere. Raises `ArgumentError` on negative or fractional counts,
    `alphabets` below the table's shape. Warns where the default most likely leaves symbols out.

    >>> result = certify_table_mi([[450, 50], [50, 450]])
    >>> 0.368 in result.interval and result.interval.lower > 0.15
    True
    >>> table = np.eye(145, dtype=int)  # 145 of 300 letters through a perfect channel, once each
    >>> [math.log(300) in certify_table_mi(table, alphabets=a).interval for a in (None, (300, 300))]
    [False, True]
    """
    t = as_counts("table", table, 2)
    sizes = (None, None) if alphabets is None else alphabets
    require(len(sizes) == 2, "alphabets", "two numbers, of X's and of Y's symbols", alphabets)
    kx, ky = (_size("alphabets", g, size) for g, size in zip(sizes, t.shape, strict=True))
    delta = 1.0 - require_fraction("confidence", confidence)
    n, k = int(t.sum()), kx * ky
    joint = t / n
    px, py = joint.sum(axis=1), joint.sum(axis=0)
    value = float(np.sum(xlogy(joint, joint) - xlogy(joint, np.outer(px, py))))
    ceiling = math.log(min(kx, ky))
    if min(kx, ky) == 1:
        low = high = 0.0
        method = "constant"
    else:
        kappa = divergence_level(k - 1, delta) / n
        wide = 3 * entropy_step(n) * math.sqrt(n * math.log(2 / delta) / 2)
        if 2 * math.sqrt(2 * kappa) + k * kappa < 2 * wide:
            low, high = _ball_ends(np.pad(joint, ((0, kx - t.shape[0]), (0, ky - t.shape[1]))), kappa)
            method = "divergence-ball"
        else:
            low = value - wide - math.log1p((k - 1) / n)
            high = value + wide + math.log1p((min(kx, ky) - 1) / n)
            method = "bounded-differences"
    interval = Interval(
        max(low - 1e-12, 0.0), max(min(high + 1e-12, ceiling), 0.0), confidence, method, "T30", ASSUMPTIONS
    )
    warnings = () if alphabets else (*unseen_warning("X", t.sum(axis=1)), *unseen_warning("Y", t.sum(axis=0)))
    extra = {"alphabets": [kx, ky]}
    return Certified("mutual information", value, interval, n, method="plug-in", extra=extra, warnings=warnings)


def _ball_ends(joint: Floats, kappa: float) -> tuple[float, float]:
    """Ends of the information over all tables in the ball, from a smoothed reference table."""
    ball = DivergenceBall(joint.ravel(), kappa)
    rows, columns = DivergenceBall(joint.sum(axis=1), kappa), DivergenceBall(joint.sum(axis=0), kappa)
    smooth = joint + kappa / joint.size
    smooth /= smooth.sum()
    log_ratio = np.log(smooth) - np.log(np.outer(smooth.sum(axis=1), smooth.sum(axis=0)))
    linear = log_ratio.ravel()
    # Donsker-Varadhan with T = the reference's log-ratio: I >= E T - ln E_{product} e^T, margins in their own balls.
    row_means = np.array([columns.largest_mean(row) for row in np.exp(log_ratio)])
    low = ball.smallest_mean(linear) - math.log(rows.largest_mean(row_means))
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


def certify_counts_entropy(counts: ArrayLike, confidence: float = 0.95, alphabet: int | None = None) -> Certified:
    """Entropy from counts: McDiarmid and the bias range [0, ln(1 + (K-1)/n)], in nats (T30).

    `counts[i]` counts symbol i, zeros included, or `alphabet` is K, the number of possible symbols (default: the length of the
    array; `counts_of` and `np.unique` give the symbols seen only). Raises `ArgumentError` on negative or fractional counts, an
    `alphabet` below the symbols counted. Warns where the default most likely leaves symbols out.

    >>> math.log(2) in certify_counts_entropy([520, 480]).interval
    True
    >>> counts = np.unique(np.random.default_rng(0).integers(0, 1000, 500), return_counts=True)[1]
    >>> [math.log(1000) in certify_counts_entropy(counts, alphabet=a).interval for a in (None, 1000)]
    [False, True]
    """
    c = as_counts("counts", counts, 1)
    k = _size("alphabet", alphabet, c.size)
    delta = 1.0 - require_fraction("confidence", confidence)
    n = int(c.sum())
    value = PlugIn().entropy(c[c > 0], k)
    half = entropy_step(n) * math.sqrt(n * math.log(2 / delta) / 2)
    low, high = max(value - half, 0.0), min(value + half + math.log1p((k - 1) / n), math.log(k))
    interval = Interval(min(low, high), high, confidence, "bounded-differences", "T30", ASSUMPTIONS)
    return Certified(
        "entropy",
        value,
        interval,
        n,
        method="plug-in",
        direction="lower bound",
        extra={"alphabet": k},
        warnings=unseen_warning("the sample", c) if alphabet is None else (),
    )
