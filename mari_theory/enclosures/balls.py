"""The same quantities in ball arithmetic: a lower and an upper float, rounding included.

Floats go in exactly; every operation is enclosed at 128 bits; ends are rounded outwards. `*_holds` functions
answer "is this float certainly a valid upper bound?", which is what the certificate checker needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from flint import arb, ctx

from mari_theory.errors import require, require_fraction
from mari_theory.units import Numbers

PRECISION = 128
Ball = Any


@contextmanager
def precision(bits: int = PRECISION) -> Iterator[None]:
    """Working precision of the balls inside the block."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def outward(ball: Ball) -> tuple[float, float]:
    """Floats below and above everything in the ball.

    >>> low, high = outward(arb(1) / 3)
    >>> low < 1 / 3 + 1e-16 and high > 1 / 3 - 1e-16 and high - low < 1e-15
    True
    """
    require(ball.is_finite(), "ball", "a finite enclosure", ball)
    low, high = float(ball.lower()), float(ball.upper())
    low = low if arb(low) <= ball.lower() else math.nextafter(low, -math.inf)
    high = high if arb(high) >= ball.upper() else math.nextafter(high, math.inf)
    return low, high


def x_log_x(x: Ball) -> Ball:
    """x ln x with 0 ln 0 = 0, for a ball of non-negative numbers (or exact 0)."""
    return arb(0) if x == 0 else x * x.log()


def jensen_shannon_enclosure(p: Numbers, q: Numbers, weight: float = 0.5) -> tuple[float, float]:
    """Enclosure of JSD_w between two non-negative vectors after exact normalisation, in nats (T1).

    >>> low, high = jensen_shannon_enclosure([1.0, 0.0], [0.0, 1.0])
    >>> low <= math.log(2) <= high and high - low < 1e-15
    True
    """
    a, b = _masses(p, q)
    w_float = require_fraction("weight", weight)
    with precision():
        w = arb(w_float)
        total_a, total_b = _sum(map(arb, a.tolist())), _sum(map(arb, b.tolist()))
        terms = []
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            if x == y == 0.0:
                continue
            px, qx = arb(x) / total_a, arb(y) / total_b
            m = (1 - w) * px + w * qx
            left = arb(0) if x == 0.0 else (1 - w) * px * (px / m).log()
            right = arb(0) if y == 0.0 else w * qx * (qx / m).log()
            terms.append(left + right)
        low, high = outward(_sum(terms))
    return max(low, 0.0), high


def total_variation_enclosure(p: Numbers, q: Numbers) -> tuple[float, float]:
    """Enclosure of TV = 1/2 sum |p - q| after exact normalisation (T5).

    >>> total_variation_enclosure([3.0, 1.0], [1.0, 3.0])
    (0.5, 0.5)
    """
    a, b = _masses(p, q)
    with precision():
        total_a, total_b = _sum(map(arb, a.tolist())), _sum(map(arb, b.tolist()))
        gaps = (abs(arb(x) * total_b - arb(y) * total_a) for x, y in zip(a.tolist(), b.tolist(), strict=True))
        low, high = outward(_sum(gaps) / (2 * total_a * total_b))
    return max(low, 0.0), min(high, 1.0)


def squared_hellinger_enclosure(p: Numbers, q: Numbers) -> tuple[float, float]:
    """Enclosure of h2 = 1 - sum sqrt(p q) after exact normalisation (T10).

    >>> squared_hellinger_enclosure([1.0, 0.0], [0.0, 1.0])
    (1.0, 1.0)
    """
    a, b = _masses(p, q)
    with precision():
        total_a, total_b = _sum(map(arb, a.tolist())), _sum(map(arb, b.tolist()))
        roots = ((arb(x) * arb(y)).sqrt() for x, y in zip(a.tolist(), b.tolist(), strict=True) if x > 0.0 and y > 0.0)
        low, high = outward(1 - _sum(roots) / (total_a * total_b).sqrt())
    return max(low, 0.0), min(high, 1.0)


def phi_ball(t: Ball) -> Ball:
    """phi(t) of T5 as a ball, t in [0, 1]."""
    return (x_log_x(1 + t) + x_log_x(1 - t)) / 2


def binary_jsd_ball(a: Ball, b: Ball) -> Ball:
    """JSD(Bern(a), Bern(b)) as a ball (T6)."""
    total = arb(0)
    for x, y in ((a, b), (1 - a, 1 - b)):
        m = (x + y) / 2
        if m == 0:
            continue
        total += (x_log_x(x) + x_log_x(y)) / 2 - x_log_x(m)
    return total


def frontier_ball(k: Ball) -> tuple[Ball, Ball]:
    """Budget and AUC of T7's curve at multiplier k > 0: J = ln 2 - D/k, AUC = (ln(1+e^k) - ln 2 + J)/k."""
    rest = 1 / (1 + k.exp())
    # Li2(1-x) = pi^2/6 - ln x ln(1-x) - Li2(x): a ball around 1 has no real dilogarithm.
    whole = arb.pi() ** 2 / 6 - rest.log() * (-rest).log1p()
    gap = (whole - 2 * rest.polylog(2)) / k
    budget = arb(2).log() - gap
    return budget, ((1 + k.exp()).log() - gap) / k


def accuracy_holds(accuracy: float, jsd: float) -> bool:
    """True when no detector within the budget can exceed `accuracy` (T5).

    >>> accuracy_holds(0.5706, 0.01), accuracy_holds(0.5705, 0.01)
    (True, False)
    """
    with precision():
        return accuracy >= 1.0 or bool(phi_ball(2 * arb(accuracy) - 1) >= arb(jsd))


def tpr_holds(tpr: float, fpr: float, jsd: float) -> bool:
    """True when no test within the budget exceeds `tpr` at `fpr` (T6).

    >>> tpr_holds(0.0341, 0.001, 0.01), tpr_holds(0.033, 0.001, 0.01)
    (True, False)
    """
    with precision():
        return tpr >= 1.0 or (tpr >= fpr and bool(binary_jsd_ball(arb(fpr), arb(tpr)) >= arb(jsd)))


def auc_holds(auc: float, jsd: float) -> bool:
    """True when no score within the budget has a larger area (T7).

    >>> auc_holds(0.5815, 0.01), auc_holds(0.5813, 0.01)
    (True, False)
    """
    if auc >= 1.0:
        return True
    if auc <= 0.5:
        return jsd <= 0.0
    with precision(256):
        low, high = 1e-12, 1e18
        for _ in range(110):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if _area_below(middle, auc) else (low, middle)
        # `low` spends a certainly smaller area than claimed; the budget there must already exceed jsd.
        return bool(frontier_ball(arb(low))[0] >= arb(jsd)) and _area_below(low, auc)


def delta_holds(delta: float, epsilon: float, jsd: float, fpr: float) -> bool:
    """True when delta(epsilon) is certainly at most `delta`; `fpr` is a point near the optimal test (T8).

    The trade-off curve is concave, so it lies below its tangent at `fpr`: the bound is
    b - e^epsilon a + |slope - e^epsilon|, with b and the slope enclosed. For tiny budgets a linear bound serves: one
    symbol's share of the divergence is homogeneous, so delta <= c jsd with c = max (1 - e^epsilon r)/g(r) over r < e^-epsilon,
    g(r) = (r ln(2r/(1+r)) + ln(2/(1+r)))/2, which is below 3.4136 from epsilon = 1 on.
    """
    if delta >= 1.0 or (epsilon >= 1.0 and 3.4136 * jsd <= delta):
        return True
    with precision():
        a, budget = arb(fpr), arb(jsd)
        low, high = fpr, 1.0
        for _ in range(120):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if bool(binary_jsd_ball(a, arb(middle)) >= budget) else (middle, high)
        b = arb(low).union(arb(high))
        if not (bool(b > a) and bool(b < 1)):
            return False
        m = (a + b) / 2
        slope_b = ((b / m).log() - ((1 - b) / (1 - m)).log()) / 2
        slope_a = ((a / m).log() - ((1 - a) / (1 - m)).log()) / 2
        e = arb(epsilon).exp()
        bound = b - e * a + abs(-slope_a / slope_b - e)
        return bool(bound <= arb(delta))


def outputs_hold(outputs: float, accuracy: float, jsd: float) -> bool:
    """True when `outputs` - 1 independent outputs certainly do not reach `accuracy` (T10)."""
    if outputs <= 1:
        return True
    with precision():
        affinity = (1 - arb(jsd) / arb(2).log()) ** (2 * arb(outputs - 1))
        return bool((1 + (1 - affinity).sqrt()) / 2 < arb(accuracy))


def _area_below(k: float, auc: float) -> bool:
    return bool(frontier_ball(arb(k))[1] <= arb(auc))


def _masses(p: Numbers, q: Numbers) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    require(a.ndim == 1 and a.shape == b.shape and a.size > 0, "p, q", "two vectors of one length", (a.shape, b.shape))
    for name, x in (("p", a), ("q", b)):
        ok = bool(np.all(x >= 0) and np.all(np.isfinite(x)) and x.max() > 0)
        require(ok, name, "finite non-negative numbers, one of them positive", x)
    return a, b


def _sum(terms: Iterable[Ball]) -> Ball:
    total = arb(0)
    for x in terms:
        total += x
    return total
