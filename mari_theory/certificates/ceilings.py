"""What certified ends allow any detector: the tightest certified source of each number, rounded to the safe side (T5 to T10, T16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq

from mari_theory.detectability import max_auc, min_outputs
from mari_theory.units import LN2

RATES = (0.001, 0.01)
DELTA_ROUNDING = 1e-9
"""The tangent bound that proves delta in balls needs this much room."""
NEAR_CERTAINTY = 1e-5
"""So near ln 2 the best test's rates are too close to 0 and 1 for that proof; delta is 1 there, at most 1.5e-6 too much."""
JSD, TV, ROC = "jensen-shannon-divergence", "total-variation", "roc-band"


def ceilings(
    jsd_upper: float,
    tv_upper: float | None = None,
    roc_upper: Callable[[float], float] | None = None,
    auc_upper: float | None = None,
) -> dict[str, Any]:
    """Ceilings and the source of each. A source's upper side fails with probability at most half its level, and no number has more than two.

    `tv_upper`: certified total variation; `roc_upper(fpr)`, `auc_upper`: the certified ROC band.

    >>> limits = ceilings(0.2, 0.5)
    >>> limits["max_accuracy"], limits["sources"]["max_accuracy"]
    (0.75, 'total-variation')
    """
    jsd_upper = min(max(jsd_upper, 0.0), LN2)

    def outputs(accuracy: float) -> float | None:
        with np.errstate(over="ignore"):
            n = float(min_outputs(accuracy, jsd_upper))
        return None if math.isinf(n) else n

    variation = largest_variation(jsd_upper)
    sources: dict[str, dict[str, float]] = {
        "max_accuracy": {JSD: min(math.nextafter(0.5 + 0.5 * variation, 2.0), 1.0) if variation > 0 else 0.5},
        "max_auc": {JSD: float(max_auc(jsd_upper))},
        "max_influence": {JSD: variation},
        "delta_at_epsilon_1": {JSD: delta_of(1.0, jsd_upper)},
        **{f"max_tpr_at_fpr_{a}": {JSD: largest_tpr(a, jsd_upper)} for a in RATES},
    }
    if tv_upper is not None:
        sources["max_influence"][TV] = tv_upper
        sources["max_accuracy"][TV] = accuracy_of(tv_upper)
        sources["delta_at_epsilon_1"][TV] = tv_upper
    if auc_upper is not None:
        sources["max_auc"][ROC] = auc_upper
    if roc_upper is not None:
        for a in RATES:
            sources[f"max_tpr_at_fpr_{a}"][ROC] = roc_upper(a)
    best = {k: min(v.items(), key=lambda item: item[1]) for k, v in sources.items()}
    return {
        **{k: value for k, (_, value) in best.items()},
        "outputs_for_accuracy_0.75": outputs(0.75),
        "outputs_for_accuracy_0.9": outputs(0.9),
        "sources": {k: source for k, (source, _) in best.items()},
    }


def accuracy_of(tv: float) -> float:
    """(1 + TV)/2, rounded up."""
    return min(math.nextafter(0.5 + 0.5 * tv, 2.0), 1.0) if 0.5 * tv != (0.5 + 0.5 * tv) - 0.5 else 0.5 + 0.5 * tv


# The functions of `detectability` for one budget, in scalars: a certificate needs six numbers, not arrays. Each is proved again in balls.


def largest_variation(jsd: float) -> float:
    """Total variation at most (T5), rounded up.

    >>> from mari_theory.detectability import max_total_variation
    >>> abs(largest_variation(0.02) - float(max_total_variation(0.02))) < 1e-14
    True
    """
    if not 0.0 < jsd < LN2:
        return float(jsd > 0)
    return _last(lambda t: _lean(t) - jsd, 0.0, 1.0)


def largest_tpr(fpr: float, jsd: float) -> float:
    """True positive rate at most at this false positive rate (T6), rounded up.

    >>> from mari_theory.detectability import max_tpr
    >>> abs(largest_tpr(0.01, 0.02) - float(max_tpr(0.01, 0.02))) < 1e-14
    True
    """
    return fpr if jsd <= 0.0 else _last(lambda b: _binary_jsd(fpr, b) - jsd, fpr, 1.0)


def delta_of(epsilon: float, jsd: float) -> float:
    """Delta at least (T8), with room for its proof.

    >>> from mari_theory.detectability import delta
    >>> abs(delta_of(1.0, 0.02) - float(delta(1.0, 0.02))) < 2e-9
    True
    """
    if jsd <= 0.0:
        return 0.0
    if jsd > LN2 - NEAR_CERTAINTY:
        return 1.0
    a = steepest_test(epsilon, jsd)
    return min(largest_tpr(a, jsd) - math.exp(epsilon) * a + DELTA_ROUNDING, 1.0)


def steepest_test(epsilon: float, jsd: float) -> float:
    """A false positive rate near that of the best test of T8: where the budget's trade-off curve has the slope e^epsilon."""
    low, high = -690.0, 0.0
    for _ in range(48):
        middle = 0.5 * (low + high)
        a = math.exp(middle)
        b = largest_tpr(a, jsd)
        steep = a < b < 1.0 and _slope(a, b) > math.exp(epsilon)
        low, high = (middle, high) if steep else (low, middle)
    return math.exp(low)


def _slope(a: float, b: float) -> float:
    m = 0.5 * (a + b)
    down = math.log(a / m) - math.log((1 - a) / (1 - m))
    return -down / (math.log(b / m) - math.log((1 - b) / (1 - m)))


def _last(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function passes zero, rounded up: at most where it is positive, and 16 units in the last place beyond."""
    if excess(high) <= 0.0:
        return high
    end = float(brentq(excess, low, high, xtol=2.0**-60, rtol=4 * 2.0**-52))
    step = max(end * 2.0**-52, 2.0**-60)
    while excess(end) <= 0.0:
        end, step = min(end + step, high), 2 * step
    return min(end * (1 + 16 * 2.0**-52), 1.0)


def _binary_jsd(a: float, b: float) -> float:
    """Of Bernoulli(a) and Bernoulli(b), small ones to their last digits."""
    total = 0.0
    for p, q, d in ((a, b, b - a), (1 - a, 1 - b, a - b)):
        if p + q > 0.0:
            total += 0.5 * (p + q) * _lean(min(1.0, abs(d) / (p + q)))
    return total


def _lean(t: float) -> float:
    """((1+t) ln(1+t) + (1-t) ln(1-t))/2 for t in [0, 1]."""
    x = t * t
    if x < 1e-3:
        return x * (1 / 2 + x * (1 / 12 + x * (1 / 30 + x * (1 / 56 + x / 90))))
    if t == 1.0:
        return LN2
    return 0.5 * ((1 + t) * math.log1p(t) + (1 - t) * math.log1p(-t))
