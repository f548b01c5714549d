"""The bounds of section B and of certificates as two floats around the true number, rounding included (T5-T8, T10, T15, T17).

Increasing functions are inverted by brackets whose ends are certain: the function is below the target at one, above at the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from flint import acb, arb

from mari_theory.enclosures.balls import Ball, binary_jsd_ball, frontier_ball, outward, phi_ball, precision
from mari_theory.errors import require, require_fraction
from mari_theory.units import LN2, Numbers

Ends = tuple[float, float]


def max_total_variation_enclosure(jsd: float) -> Ends:
    """Largest total variation at a budget: t with phi(t) = jsd (T5).

    >>> low, high = max_total_variation_enclosure(0.01)
    >>> 0.1411 < low <= high < 0.1413 and high - low < 1e-15
    True
    """
    budget = _budget(jsd)
    with precision():
        return _invert(phi_ball, arb(budget), _rough_total_variation(budget), 0.0, 1.0)


def max_accuracy_enclosure(jsd: float) -> Ends:
    """Largest accuracy at a budget: (1 + TV_max)/2 (T5).

    >>> low, high = max_accuracy_enclosure(0.01)
    >>> 0.57 < low <= high < 0.571 and high - low < 1e-15
    True
    """
    low, high = max_total_variation_enclosure(jsd)
    with precision():
        return outward(((1 + arb(low)) / 2).union((1 + arb(high)) / 2))


def max_tpr_enclosure(fpr: float, jsd: float) -> Ends:
    """Largest true positive rate at a false positive rate and a budget (T6).

    >>> low, high = max_tpr_enclosure(0.001, 0.01)
    >>> 0.0339 < low <= high < 0.0341
    True
    """
    require(0.0 <= fpr <= 1.0, "fpr", "a number in [0, 1]", fpr)
    budget = _budget(jsd)
    with precision():
        guess = _rough_tpr(fpr, budget) if fpr < 1.0 else 1.0
        return _invert(lambda b: binary_jsd_ball(arb(fpr), b), arb(budget), guess, fpr, 1.0)


def max_auc_enclosure(jsd: float) -> Ends:
    """Largest area under the ROC curve at a budget (T7).

    >>> low, high = max_auc_enclosure(0.01)
    >>> 0.5813 < low <= high < 0.5815 and high - low < 1e-14
    True
    """
    budget = _budget(jsd)
    if budget <= 0.0:
        return 0.5, 0.5
    if budget >= 0.69314:
        # The curve hugs the corner, where k exceeds 1e5; the area is increasing, and at most 1.
        return max_auc_enclosure(0.69313999)[0], 1.0
    with precision(256):
        # At small k the budget is k^2/24.
        guess = math.sqrt(24 * budget) if budget < 0.02 else _rough_multiplier(budget)
        low, high = _invert(lambda k: frontier_ball(k)[0], arb(budget), guess, 1e-140, 1e8)
        return outward(frontier_ball(arb(low))[1].union(frontier_ball(arb(high))[1]))


def frontier_integrals(k: float) -> tuple[Ends, Ends]:
    """Budget and area of T7's curve at multiplier k > 0 by rigorous integration, not by the closed form.

    >>> (low, high), _ = frontier_integrals(1.0)
    >>> with precision():
    ...     formula = float(frontier_ball(arb(1))[0])
    >>> low <= formula <= high and high - low < 1e-15
    True
    """
    require(0.0 < k < 1e4, "k", "a number in (0, 10000)", k)
    with precision():
        top = acb(k)
        one = 1 + top.exp()

        def weight(a: Ball) -> Ball:
            return 2 * (top * (1 - a)).exp() / one

        def cost(a: Ball, analytic: bool) -> Ball:
            w = weight(a)
            return (w / (2 - w) * w.log(analytic=analytic) + (2 - w).log(analytic=analytic)) / 2

        def area(a: Ball, analytic: bool) -> Ball:
            w = weight(a)
            return (1 - a) * w / (2 - w)

        small = {"abs_tol": arb(2) ** -70, "rel_tol": arb(2) ** -70}
        budget, auc = (outward(acb.integral(f, 0, 1, **small).real) for f in (cost, area))
    return budget, auc


def delta_enclosure(epsilon: float, jsd: float) -> Ends:
    """Smallest delta at an epsilon and a budget (T8): a point of the trade-off curve below, its tangent above.

    >>> low, high = delta_enclosure(1.0, 0.02)
    >>> 0.0 < low <= high < 0.1 and high - low < 1e-9
    True
    """
    require(0.0 <= epsilon <= 700.0, "epsilon", "a number in [0, 700]", epsilon)
    budget = _budget(jsd)
    if budget <= 0.0:
        return 0.0, 0.0
    a = _tangent_point(epsilon, budget)
    low, high = max_tpr_enclosure(a, budget)
    if high >= 1.0 or low <= a:
        return max(0.0, math.nextafter(low - math.exp(epsilon) * a * (1 + 1e-15), -1.0)), 1.0
    with precision():
        x, b, e = arb(a), arb(low).union(arb(high)), arb(epsilon).exp()
        m = (x + b) / 2
        slope_b = ((b / m).log() - ((1 - b) / (1 - m)).log()) / 2
        slope_a = ((x / m).log() - ((1 - x) / (1 - m)).log()) / 2
        point = b - e * x
        over = point + abs(-slope_a / slope_b - e)
        bottom, top = outward(point)[0], outward(over)[1]
    return max(bottom, 0.0), min(max(top, 0.0), 1.0)


def outputs_enclosure(accuracy: float, jsd: float) -> Ends:
    """The real number whose ceiling is the least number of outputs for an accuracy (T10).

    >>> low, high = outputs_enclosure(0.75, 0.01)
    >>> 9 < low <= high < 10
    True
    """
    require(0.5 < accuracy < 1.0, "accuracy", "a number in (0.5, 1)", accuracy)
    budget = _budget(jsd)
    require(0.0 < budget < LN2, "jsd", "a number in (0, ln 2)", jsd)
    with precision():
        lean = 2 * arb(accuracy) - 1
        return outward((1 - lean * lean).log() / (2 * (1 - arb(budget) / arb(2).log()).log()))


def likelihood_means_enclosure(log_p: Numbers, log_q: Numbers) -> dict[str, Ends]:
    """Means over rows of the three terms of T15: `jsd` (ln 2 - h(eta)), `total_variation` (|2 eta - 1|), `squared_hellinger`.

    With d = (log_q - log_p)/2 the terms are d tanh d - ln cosh d, tanh|d| and 1 - 1/cosh d. One infinite end is allowed.

    >>> ends = likelihood_means_enclosure([0.0, -1.0], [-math.inf, -1.0])
    >>> ends["total_variation"]
    (0.5, 0.5)
    """
    p, q = np.asarray(log_p, dtype=float), np.asarray(log_q, dtype=float)
    same = p.ndim == 1 and p.shape == q.shape and p.size > 0
    require(same, "log_p, log_q", "two vectors of one length", (p.shape, q.shape))
    ok = not np.isnan(p).any() and not np.isnan(q).any() and bool(np.all(np.maximum(p, q) > -math.inf))
    require(ok and max(p.max(), q.max()) < math.inf, "log_p, log_q", "log-likelihoods, one end finite", "another value")
    with precision():
        log2 = arb(2).log()
        sums = [arb(0), arb(0), arb(0)]
        for x, y in zip(p.tolist(), q.tolist(), strict=True):
            if math.isinf(x) or math.isinf(y):
                terms = (log2, arb(1), arb(1))
            else:
                d = abs(arb(y) - arb(x)) / 2
                fall = (-2 * d).exp()
                lean, log_cosh = (1 - fall) / (1 + fall), d + fall.log1p() - log2
                terms = (d * lean - log_cosh, lean, 1 - (-log_cosh).exp())
            sums = [s + t for s, t in zip(sums, terms, strict=True)]
        ends = [outward(s / p.size) for s in sums]
    names = ("jsd", "total_variation", "squared_hellinger")
    return {name: (max(low, 0.0), high) for name, (low, high) in zip(names, ends, strict=True)}


def fast_rate_enclosure(
    plug_in: float, n: int, m: int, confidence: float, multipliers: Iterable[float]
) -> dict[float, Ends]:
    """T17's bound (Fhat + ln(K/delta)/(2 l N))/(1 - c_l/l) at each l of a grid of K.

    >>> ends = fast_rate_enclosure(0.0, 1000, 1000, 0.95, [0.4])
    >>> 0.0068 < ends[0.4][0] <= ends[0.4][1] < 0.0070
    True
    """
    require(0.0 <= plug_in <= LN2 * (1 + 1e-12), "plug_in", "a number in [0, ln 2]", plug_in)
    require(n >= 1 and m >= 1, "n, m", "counts of at least 1", (n, m))
    grid = list(multipliers)
    require(all(0.0 < x < 1.0 for x in grid) and len(grid) > 0, "multipliers", "numbers in (0, 1)", grid)
    require_fraction("confidence", confidence)
    with precision():
        level = (len(grid) / (1 - arb(confidence))).log()
        out = {}
        for x in grid:
            bound = (arb(plug_in) + level / (2 * arb(x) * min(n, m))) / (1 - upper_slope_ball(arb(x)) / arb(x))
            out[x] = outward(bound)
    return out


def upper_slope_ball(multiplier: Ball) -> Ball:
    """T17's c_l = (2^-l - 1 + l ln 2)/(ln 2 - 1/2)."""
    log2 = arb(2).log()
    return ((-multiplier * log2).exp() - 1 + multiplier * log2) / (log2 - arb(1) / 2)


def _invert(f: Callable[[Ball], Ball], target: Ball, guess: float, low: float, high: float) -> Ends:
    """Floats a <= x <= b with f(a) <= target <= f(b) certain, f increasing on [low, high]; the ends of the range need no check."""
    guess = min(max(guess, low), high)
    step = max(abs(guess), 1e-300) * 2.0**-52
    below, above = guess, guess
    while below > low and not bool(f(arb(below)) <= target):
        below, step = max(low, below - step), 2 * step
    step = max(abs(guess), 1e-300) * 2.0**-52
    while above < high and not bool(f(arb(above)) >= target):
        above, step = min(high, above + step), 2 * step
    # A few halvings where the guess was poor.
    for _ in range(80):
        middle = 0.5 * (below + above)
        if not below < middle < above or above - below <= 4e-16 * above:
            break
        value = f(arb(middle))
        if bool(value <= target):
            below = middle
        elif bool(value >= target):
            above = middle
        else:
            break
    return below, above


def _rough_multiplier(budget: float) -> float:
    low, high = 1e-3, 1e8
    for _ in range(60):
        middle = math.sqrt(low * high)
        if float(frontier_ball(arb(middle))[0]) <= budget:
            low = middle
        else:
            high = middle
    return low


def _tangent_point(epsilon: float, budget: float) -> float:
    """A false positive rate near the one where the trade-off curve has slope e^epsilon; any value is safe."""
    low, high = -690.0, math.log1p(-_rough_tpr(0.0, budget))
    for _ in range(50):
        middle = 0.5 * (low + high)
        a = math.exp(middle)
        b = _rough_tpr(a, budget)
        if not a < b < 1.0:
            high = middle
            continue
        m = 0.5 * (a + b)
        slope_b = math.log(b / m) - math.log((1 - b) / (1 - m))
        slope_a = math.log(a / m) - math.log((1 - a) / (1 - m))
        low, high = (middle, high) if -slope_a / slope_b > math.exp(epsilon) else (low, middle)
    return math.exp(low)


def _rough_total_variation(budget: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(54):
        t = 0.5 * (low + high)
        cost = 0.5 * ((1 + t) * math.log1p(t) + (1 - t) * math.log1p(-t)) if t < 1.0 else LN2
        low, high = (t, high) if cost <= budget else (low, t)
    return low


def _rough_tpr(a: float, budget: float) -> float:
    """max_tpr in plain floats: a first guess, a hundred times faster than the vectorised one for one number."""
    log = math.log
    low, high = a, 1.0 - 1e-16
    for _ in range(54):
        b = 0.5 * (low + high)
        m = 0.5 * (a + b)
        n = 1.0 - m
        cost = b * log(b / m) + (1 - b) * log((1 - b) / n) if 0.0 < b < 1.0 else 0.0
        cost += (a * log(a / m) if a > 0.0 else 0.0) + ((1 - a) * log((1 - a) / n) if a < 1.0 else 0.0)
        low, high = (b, high) if 0.5 * cost <= budget else (low, b)
    return low


def _budget(jsd: float) -> float:
    require(0.0 <= jsd <= LN2 * (1 + 1e-6), "jsd", "a number in [0, ln 2] nats", jsd)
    return min(jsd, LN2)
