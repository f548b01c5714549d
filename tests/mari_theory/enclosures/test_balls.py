"""Containment: every enclosure holds the number that 200-digit arithmetic finds, on random inputs with ugly corners.

The second backend is mpmath. An inverse is checked forwards: the function at its two ends lies on the two sides of the target.
`make test-long` runs 100,000 cases a primitive; here a few hundred.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from mari_theory import ArgumentError
from mari_theory.enclosures import bounds
from mari_theory.enclosures.balls import (
    jensen_shannon_enclosure,
    phi_ball,
    squared_hellinger_enclosure,
    total_variation_enclosure,
)

LN2 = math.log(2)
Rng = np.random.Generator
mpf = mpmath.mpf


def masses(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Unnormalised non-negative floats: zeros, denormals, tiny gaps."""
    k = int(rng.integers(1, 5))
    p = 10.0 ** rng.uniform(-12, 2, size=k)
    near = rng.random() < 0.4
    q = p * (1 + 10.0 ** rng.uniform(-15, -1) * rng.normal(size=k)) if near else 10.0 ** rng.uniform(-12, 2, size=k)
    for x in (p, q):
        x[rng.random(k) < 0.15] = 0.0
        x[rng.random(k) < 0.05] = 5e-324
        if not x.any():
            x[0] = 1.0
    return np.abs(p), np.abs(q)


def budget(rng: Rng) -> float:
    return float(min(rng.choice([10.0 ** rng.uniform(-14, -0.2), LN2 * (1 - 10.0 ** rng.uniform(-12, -1))]), LN2))


def exact(x: np.ndarray) -> list[mpmath.mpf]:
    values = [mpf(float(v)) for v in x]
    total = mpmath.fsum(values)
    return [v / total for v in values]


def x_log(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    return mpf(0) if x == 0 else x * mpmath.log(x / y)


def jsd(p: list[mpmath.mpf], q: list[mpmath.mpf], w: mpmath.mpf) -> mpmath.mpf:
    return mpmath.fsum(
        (1 - w) * x_log(a, (1 - w) * a + w * b) + w * x_log(b, (1 - w) * a + w * b) for a, b in zip(p, q, strict=True)
    )


def phi(t: mpmath.mpf) -> mpmath.mpf:
    return (x_log(1 + t, mpf(1)) + x_log(1 - t, mpf(1))) / 2


def binary(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    return jsd([a, 1 - a], [b, 1 - b], mpf(1) / 2)


def dilog(x: mpmath.mpf) -> mpmath.mpf:
    """Li2 by its series, 0 <= x <= 1/2."""
    total, power, n = mpf(0), mpf(1), 0
    while n == 0 or power > mpf(10) ** -(mpmath.mp.dps + 5):
        n, power = n + 1, power * x
        total += power / n**2
    return total


def frontier(k: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    rest = 1 / (1 + mpmath.exp(k))
    low = dilog(rest)
    gap = (mpmath.pi**2 / 6 - mpmath.log(rest) * mpmath.log(1 - rest) - 2 * low) / k
    spent = mpmath.log(2) - gap
    return spent, (mpmath.log(1 + mpmath.exp(k)) - gap) / k


def inside(ends: tuple[float, float], truth: mpmath.mpf) -> bool:
    return mpf(ends[0]) <= truth <= mpf(ends[1])


def divergence(rng: Rng) -> bool:
    p, q = masses(rng)
    w = float(rng.choice([0.5, rng.uniform(0.01, 0.99)]))
    ends = jensen_shannon_enclosure(p, q, w)
    return inside(ends, jsd(exact(p), exact(q), mpf(w))) and ends[1] - ends[0] < 1e-15


def variation(rng: Rng) -> bool:
    p, q = masses(rng)
    return inside(
        total_variation_enclosure(p, q),
        mpmath.fsum(abs(a - b) for a, b in zip(exact(p), exact(q), strict=True)) / 2,
    )


def hellinger(rng: Rng) -> bool:
    p, q = masses(rng)
    roots = mpmath.fsum(mpmath.sqrt(a * b) for a, b in zip(exact(p), exact(q), strict=True))
    return inside(squared_hellinger_enclosure(p, q), 1 - roots)


def best_total_variation(rng: Rng) -> bool:
    j = budget(rng)
    low, high = bounds.max_total_variation_enclosure(j)
    return (low == 0 or phi(mpf(low)) <= mpf(j)) and (high == 1 or phi(mpf(high)) >= mpf(j)) and high - low < 1e-9


def best_accuracy(rng: Rng) -> bool:
    j = budget(rng)
    low, high = bounds.max_accuracy_enclosure(j)
    below, above = (max(2 * mpf(x) - 1, mpf(0)) for x in (low, high))
    return phi(below) <= mpf(j) and (high == 1 or phi(above) >= mpf(j))


def best_tpr(rng: Rng) -> bool:
    j, a = budget(rng), float(rng.choice([0.0, 10.0 ** rng.uniform(-9, 0)]))
    low, high = bounds.max_tpr_enclosure(a, j)
    return (low <= a or binary(mpf(a), mpf(low)) <= mpf(j)) and (high == 1 or binary(mpf(a), mpf(high)) >= mpf(j))


def closed_frontier(rng: Rng) -> bool:
    k = float(10.0 ** rng.uniform(-3, 1.7))
    (spent, area), (j, auc) = frontier(mpf(k)), bounds.frontier_integrals(k)
    return inside(j, spent) and inside(auc, area)


def best_auc(rng: Rng) -> bool:
    """The area of the curve whose budget is just below (above) the given one lies below the upper (above the lower) end."""
    k = mpf(float(10.0 ** rng.uniform(-4, 1.7)))
    spent, area = frontier(k)
    down = math.nextafter(float(spent), 0.0)
    up = math.nextafter(float(spent), 1.0)
    return bounds.max_auc_enclosure(down)[0] <= area <= bounds.max_auc_enclosure(up)[1]


def best_delta(rng: Rng) -> bool:
    """Any test within the budget stays under the upper end; the lower end is reached by one."""
    j, e, a = budget(rng), float(rng.uniform(0, 4)), float(10.0 ** rng.uniform(-9, -0.1))
    low, high = bounds.delta_enclosure(e, j)
    b = bounds.max_tpr_enclosure(a, j)[0]
    return low <= high and mpf(b) - mpmath.exp(mpf(e)) * mpf(a) <= mpf(high) and low <= 1


def outputs(rng: Rng) -> bool:
    j, a = budget(rng), float(rng.uniform(0.501, 0.999))
    if j >= LN2:
        return True
    truth = mpmath.log(1 - (2 * mpf(a) - 1) ** 2) / (2 * mpmath.log(1 - mpf(j) / mpmath.log(2)))
    return inside(bounds.outputs_enclosure(a, j), truth)


def likelihoods(rng: Rng) -> bool:
    n = 3
    p = rng.normal(size=n) * 10
    q = p + rng.normal(size=n) * 10.0 ** rng.uniform(-9, 2.5)
    if rng.random() < 0.1:
        p[0] = -math.inf
    ends = bounds.likelihood_means_enclosure(p, q)
    truths: dict[str, list[mpmath.mpf]] = {"jsd": [], "total_variation": [], "squared_hellinger": []}
    for x, y in zip(p.tolist(), q.tolist(), strict=True):
        eta = mpf(1) if x == -math.inf else 1 / (1 + mpmath.exp(mpf(x) - mpf(y)))
        rest = mpf(0) if x == -math.inf else 1 / (1 + mpmath.exp(mpf(y) - mpf(x)))
        truths["jsd"].append(mpmath.log(2) + x_log(eta, mpf(1)) + x_log(rest, mpf(1)))
        truths["total_variation"].append(abs(eta - rest))
        truths["squared_hellinger"].append(1 - 2 * mpmath.sqrt(eta * rest))
    return all(inside(ends[name], mpmath.fsum(v) / n) for name, v in truths.items())


def fast_rate(rng: Rng) -> bool:
    f, n, l = float(rng.uniform(0, LN2)), int(rng.integers(1, 10**6)), float(rng.uniform(0.001, 0.999))  # noqa: E741
    slope = (mpf(2) ** (-mpf(l)) - 1 + mpf(l) * mpmath.log(2)) / (mpmath.log(2) - mpf(1) / 2)
    truth = (mpf(f) - mpmath.log(1 - mpf(0.95)) / (2 * mpf(l) * n)) / (1 - slope / mpf(l))
    return inside(bounds.fast_rate_enclosure(f, n, n + 5, 0.95, [l])[l], truth)


PRIMITIVES: dict[str, Callable[[Rng], bool]] = {
    f.__name__: f
    for f in (
        divergence,
        variation,
        hellinger,
        best_total_variation,
        best_accuracy,
        best_tpr,
        closed_frontier,
        best_auc,
        best_delta,
        outputs,
        likelihoods,
        fast_rate,
    )
}


@pytest.mark.parametrize("name", PRIMITIVES)
def test_enclosures_contain_200_digits(name: str) -> None:
    rng = np.random.default_rng(5)
    with mpmath.workdps(200):
        assert all(PRIMITIVES[name](rng) for _ in range(60))


@pytest.mark.long
@pytest.mark.parametrize("name", PRIMITIVES)
def test_100_000_cases_a_primitive(name: str) -> None:
    rng = np.random.default_rng(6)
    with mpmath.workdps(200):
        misses = sum(not PRIMITIVES[name](rng) for _ in range(100_000))
    assert misses == 0


def test_a_ball_one_percent_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "phi_ball", lambda t: phi_ball(t) * 1.01)
    rng = np.random.default_rng(5)
    with mpmath.workdps(200):
        assert not all(best_total_variation(rng) for _ in range(60))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: jensen_shannon_enclosure([0.5, math.nan], [0.5, 0.5]), "p"),
        (lambda: jensen_shannon_enclosure([0.5, math.inf], [0.5, 0.5]), "p"),
        (lambda: total_variation_enclosure([0.5, 0.5], [0.5, -0.5]), "q"),
        (lambda: squared_hellinger_enclosure([0.0, 0.0], [0.5, 0.5]), "p"),
        (lambda: jensen_shannon_enclosure([1.0], [0.5, 0.5]), "p, q"),
        (lambda: jensen_shannon_enclosure([1.0], [1.0], 1.5), "weight"),
        (lambda: bounds.max_accuracy_enclosure(0.7), "jsd"),
        (lambda: bounds.max_auc_enclosure(math.nan), "jsd"),
        (lambda: bounds.max_tpr_enclosure(1.2, 0.1), "fpr"),
        (lambda: bounds.delta_enclosure(-1.0, 0.1), "epsilon"),
        (lambda: bounds.outputs_enclosure(0.4, 0.1), "accuracy"),
        (lambda: bounds.frontier_integrals(0.0), "k"),
        (lambda: bounds.likelihood_means_enclosure([-math.inf], [-math.inf]), "log_p, log_q"),
        (lambda: bounds.fast_rate_enclosure(0.1, 0, 5, 0.95, [0.4]), "n, m"),
        (lambda: bounds.fast_rate_enclosure(0.1, 5, 5, 0.95, [1.0]), "multipliers"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], word: str) -> None:
    with pytest.raises(ArgumentError, match=rf"^{word}: "):
        call()
