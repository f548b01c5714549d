"""Ball-arithmetic evidence: the library's floats against enclosures of the true numbers, on random inputs and at the ends.

An upper bound must not lie below its enclosure's lower end and must be within rounding of the upper; equalities must hold to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
from flint import arb, fmpq

from estimators.bands import BANDS, coverage
from estimators.discrete_intervals import lower_slope
from estimators.likelihood_ratio import information_terms
from estimators.pooled import MULTIPLIERS, FastRate, certify_pooled
from mari_theory import (
    detectability,
    jensen_shannon,
    max_accuracy,
    max_auc,
    max_tpr,
    squared_hellinger,
    total_variation,
)
from mari_theory.divergences import binary_entropy
from mari_theory.enclosures.balls import (
    Ball,
    binary_jsd_ball,
    frontier_ball,
    jensen_shannon_enclosure,
    outward,
    phi_ball,
    precision,
    squared_hellinger_enclosure,
    total_variation_enclosure,
)
from mari_theory.enclosures.bounds import (
    delta_enclosure,
    fast_rate_enclosure,
    frontier_integrals,
    likelihood_means_enclosure,
    max_accuracy_enclosure,
    max_auc_enclosure,
    max_tpr_enclosure,
    outputs_enclosure,
    upper_slope_ball,
)
from mari_theory.sequences import rounds_bound
from proofs.properties import Outcome, random_pairs

LN2 = math.log(2.0)
Enclosed = Callable[[np.random.Generator, int], Outcome]


def _inside(value: float, ends: tuple[float, float], relative: float = 1e-12) -> bool:
    low, high = ends
    slack = relative * max(abs(value), 1e-300)
    return low - slack <= value <= high + slack


def _upper(value: float, ends: tuple[float, float], loose: float = 1e-9) -> bool:
    """`value` is a valid upper bound (not below the enclosure's start) and sharp."""
    return ends[0] <= value <= ends[1] * (1 + loose) + 1e-12


def _budgets(rng: np.random.Generator, cases: int) -> list[float]:
    return [0.0, 1e-12, 0.5, LN2 * (1 - 1e-9), *(10.0 ** rng.uniform(-9, math.log10(0.69), size=cases))]


def identity(rng: np.random.Generator, cases: int) -> Outcome:
    """T1: the float divergence at three weights lies in its enclosure to 1e-12 of its size."""
    p, q = random_pairs(rng, cases)
    ok = all(
        _inside(float(jensen_shannon(a, b, w)), jensen_shannon_enclosure(a, b, w), 1e-9)
        for a, b in zip(p, q, strict=True)
        for w in (0.5, 0.444, 0.05)
    )
    return Outcome(ok, None, "random pairs at three weights")


def span(rng: np.random.Generator, cases: int) -> Outcome:
    """T2: the enclosure of a disjoint pair is h(w); no enclosure exceeds it."""
    ends = [jensen_shannon_enclosure([1.0, 0.0], [0.0, 1.0], w) for w in (0.5, 0.2, 0.01)]
    ok = all(_inside(float(binary_entropy(w)), e, 1e-14) for w, e in zip((0.5, 0.2, 0.01), ends, strict=True))
    p, q = random_pairs(rng, cases)
    ok &= all(
        0.0 <= jensen_shannon_enclosure(a, b, 0.2)[0] <= float(binary_entropy(0.2)) for a, b in zip(p, q, strict=True)
    )
    return Outcome(bool(ok), None, "disjoint pairs and random ones")


def processing(rng: np.random.Generator, cases: int) -> Outcome:
    """T3: merging two symbols exactly (integer masses) does not raise the enclosed divergence."""
    ok = True
    for _ in range(cases):
        a, b = rng.integers(0, 50, size=(2, 5)) + np.array([1, 0, 0, 0, 0])
        one, other = (np.array([x[0] + x[1], *x[2:]], dtype=float) for x in (a, b))
        ok &= jensen_shannon_enclosure(one, other)[0] <= jensen_shannon_enclosure(a.astype(float), b.astype(float))[1]
    return Outcome(bool(ok), None, "integer masses, two symbols merged")


def metric(rng: np.random.Generator, cases: int) -> Outcome:
    """T4: certain triangles: sqrt(JSD(p, r)) at most the sum of the two others, enclosures on the safe side."""
    p, q = random_pairs(rng, cases, 3)
    r, _ = random_pairs(rng, cases, 3)
    ok = True
    for a, b, c in zip(p, q, r, strict=True):
        side, one, two = (jensen_shannon_enclosure(x, y) for x, y in ((a, c), (a, b), (b, c)))
        ok &= math.sqrt(side[0]) <= (math.sqrt(one[1]) + math.sqrt(two[1])) * (1 + 1e-15)
    return Outcome(bool(ok), None, "random triples")


def accuracy(rng: np.random.Generator, cases: int) -> Outcome:
    """T5: max_accuracy is above the enclosed inverse and within 1e-9 of it."""
    ok = all(_upper(float(max_accuracy(j)), max_accuracy_enclosure(j)) for j in _budgets(rng, cases))
    p, q = random_pairs(rng, cases)
    for a, b in zip(p, q, strict=True):
        ok &= _inside(float(total_variation(a, b)), total_variation_enclosure(a, b), 1e-9)
    return Outcome(ok, None, "inverse of phi, total variation")


def roc(rng: np.random.Generator, cases: int) -> Outcome:
    """T6: max_tpr is above the enclosed inverse and within 1e-9 of it."""
    rates = [0.0, 1e-6, 0.001, *rng.uniform(size=3)]
    ok = all(
        _upper(float(max_tpr(a, j)), max_tpr_enclosure(float(a), j))
        for a, j in product(rates, _budgets(rng, cases // 6))
    )
    return Outcome(ok, None, "rates from 0 to 1")


def area(rng: np.random.Generator, cases: int) -> Outcome:
    """T7: rigorous integration of the optimal curve against the dilogarithms, and max_auc above its enclosure."""
    ok = True
    for k in (0.01, 0.3, 1.0, 4.0, 25.0, *rng.uniform(0.1, 60, size=5)):
        with precision():
            closed = [outward(b) for b in frontier_ball(arb(float(k)))]
        for measured, formula in zip(frontier_integrals(float(k)), closed, strict=True):
            ok &= measured[0] <= formula[1] and formula[0] <= measured[1] and measured[1] - measured[0] < 1e-12
    ok &= all(_upper(float(max_auc(j)), max_auc_enclosure(j)) for j in _budgets(rng, cases))
    return Outcome(bool(ok), None, "both integrals of the frontier enclosed; the inverse")


def indistinguishability(rng: np.random.Generator, cases: int) -> Outcome:
    """T8: delta is above the enclosure's lower end and within 1e-7 of its upper."""
    ok = True
    budgets = _budgets(rng, min(cases // 10, 30))[2:]
    for e in (0.0, 0.3, 1.0, 3.0):
        for j, value in zip(budgets, detectability.delta(e, np.array(budgets)), strict=True):
            low, high = delta_enclosure(e, j)
            ok &= low <= value * (1 + 1e-15) and value <= high + 1e-7 and high - low <= 1e-6
    return Outcome(bool(ok), None, "epsilon 0 to 3")


def many_outputs(rng: np.random.Generator, cases: int) -> Outcome:
    """T10: the Hellinger sandwich with certain ends; the number of outputs never exceeds the enclosed one's ceiling."""
    p, q = random_pairs(rng, cases)
    ok = True
    for a, b in zip(p, q, strict=True):
        (low, high), (h_low, h_high) = jensen_shannon_enclosure(a, b), squared_hellinger_enclosure(a, b)
        ok &= low <= h_high and LN2 * h_low <= high * (1 + 1e-15)
        ok &= _inside(float(squared_hellinger(a, b)), (h_low, h_high), 1e-9)
    for j in _budgets(rng, cases)[1:]:
        n = float(detectability.min_outputs(0.75, j))
        ok &= n <= max(math.ceil(outputs_enclosure(0.75, j)[1]), 1)
    return Outcome(bool(ok), None, "sandwich; outputs needed")


def rounds(rng: np.random.Generator, cases: int) -> Outcome:
    """T13: rounds_bound is above the exact square of the summed roots."""
    ok = True
    for _ in range(cases):
        steps = rng.uniform(0, 0.02, size=4)
        with precision():
            total = arb(0)
            for s in steps:
                total += arb(float(s)).sqrt()
            ends = outward(total * total)
        ok &= ends[0] <= rounds_bound(list(steps)) <= ends[1] * (1 + 1e-14)
    return Outcome(bool(ok), None, "four rounds")


def likelihoods(rng: np.random.Generator, cases: int) -> Outcome:
    """T15: the float terms' mean lies in the enclosed one."""
    ok = True
    for _ in range(max(cases // 20, 5)):
        gap = rng.normal(size=200) * 10.0 ** rng.uniform(-6, 2)
        log_p = rng.normal(size=200)
        y, lean = information_terms(log_p, log_p + gap)
        ends = likelihood_means_enclosure(log_p, log_p + gap)
        ok &= _inside(float(np.mean(y)), ends["jsd"], 1e-9)
        ok &= _inside(float(np.mean(lean)), ends["total_variation"], 1e-9)
    return Outcome(bool(ok), None, "gaps from 1e-6 to 100 nats")


def bands(rng: np.random.Generator, cases: int) -> Outcome:
    """T16: the joint coverage of both bands recomputed in exact rational arithmetic over all ways to fill the bins (n = 6)."""
    n, ok = 6, True
    for band in BANDS.values():
        low, high = band.limits(n, 0.8)
        told = coverage(n, np.arange(1, n + 1), low[1:], high[:-1])
        exact = _exact_coverage(n, low[1:], high[:-1])
        ok &= abs(told - float(exact)) < 1e-9 and told >= 0.8 - 1e-12
    return Outcome(bool(ok), None, "six order statistics, rational arithmetic")


def _exact_coverage(n: int, low: np.ndarray, high: np.ndarray) -> Ball:
    """P(low_i <= U_(i) <= high_i for all i): integrate the order statistics piece by piece between the limits."""
    cuts = sorted({0.0, 1.0, *low.tolist(), *high.tolist()})
    cells = list(pairwise(cuts))
    # ways[k]: probability mass (up to n!) of placing the first k order statistics in the cells so far.
    ways = [arb(1)] + [arb(0)] * n
    with precision():
        for left, right in cells:
            width = arb(right) - arb(left)
            after = list(ways)
            for k in range(n):
                if ways[k] == 0:
                    continue
                term = ways[k]
                for j in range(1, n - k + 1):
                    i = k + j - 1
                    if not (low[i] <= left and right <= high[i]):
                        break
                    term = term * width / j
                    after[k + j] += term
            ways = after
        return ways[n] * arb(math.factorial(n))


def fast_rate(rng: np.random.Generator, cases: int) -> Outcome:
    """T17: FastRate is above the least of the enclosed bounds of its grid; c_l attains its ratio at -ln 2."""
    ok = True
    for _ in range(max(cases // 10, 10)):
        f, n = float(rng.uniform(0, 0.3)), int(10.0 ** rng.uniform(2, 6))
        ends = fast_rate_enclosure(f, n, 2 * n, 0.95, MULTIPLIERS).values()
        value = FastRate().upper(f, n, 2 * n, 0.95)
        ok &= value >= LN2 or min(e[0] for e in ends) <= value <= min(e[1] for e in ends) * (1 + 1e-12)
    with precision():
        x = -arb(2).log()
        for step in (0.01, 0.4, 1.0):
            ratio = ((arb(step) * x).exp() - 1 - arb(step) * x) / (x.exp() - 1 - x)
            ok &= bool(ratio.overlaps(upper_slope_ball(arb(step))))
    return Outcome(bool(ok), None, "whole grid; the constant at -ln 2")


def finite_population(rng: np.random.Generator, cases: int) -> Outcome:
    """T18: the interval of two complete means contains the enclosure."""
    p, q = random_pairs(rng, cases)
    ok = True
    for a, b in zip(p, q, strict=True):
        made, (low, high) = (
            certify_pooled(a, b, 10, 10, finite_population=True).interval,
            jensen_shannon_enclosure(a, b),
        )
        ok &= made.lower <= low and high <= made.upper
    return Outcome(bool(ok), None, "random pairs of complete means")


def counts(rng: np.random.Generator, cases: int) -> Outcome:
    """T29: c_{-l} attains its ratio at ln 2, in balls, and the float slope is within rounding of it."""
    ok = True
    with precision():
        x = arb(2).log()
        for step in (0.01, 0.3, 1.0):
            ratio = ((arb(step) * x).exp() - 1 - arb(step) * x) / ((-x).exp() - 1 + x)
            slope = upper_slope_ball(-arb(step))
            ok &= bool(ratio.overlaps(slope)) and _inside(lower_slope(step), outward(slope), 1e-10)
    return Outcome(bool(ok), None, "the constant at ln 2")


def access(rng: np.random.Generator, cases: int) -> Outcome:
    """T28: phi(2g) in balls is at most 4 g^2 down to g = 1e-12, where floats cannot say."""
    ok = True
    with precision(256):
        for g in (1e-12, 1e-6, 0.01, 0.4):
            ok &= bool(phi_ball(2 * arb(g)) <= 4 * arb(g) ** 2)
            ok &= bool(binary_jsd_ball(arb(1) / 2 - arb(g), arb(1) / 2 + arb(g)).overlaps(phi_ball(2 * arb(g))))
    return Outcome(ok, None, "g from 1e-12 to 0.4")


def seeds(rng: np.random.Generator, cases: int) -> Outcome:
    """T25: integer families of two seeds: the averages' divergence is certainly at most the average divergence."""
    ok = True
    for _ in range(max(cases // 5, 20)):
        p, q = rng.integers(1, 40, size=(2, 2, 4)).astype(float)
        p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
        each = float(np.mean([jensen_shannon_enclosure(a, b)[1] for a in p for b in q]))
        ok &= jensen_shannon_enclosure(p.mean(axis=0), q.mean(axis=0))[0] <= each * (1 + 1e-12)
    return Outcome(bool(ok), None, "two seeds an arm")


def blindness(rng: np.random.Generator, cases: int) -> Outcome:
    """T26: in rational arithmetic the memoriser's pooled law is the retain law exactly, and the joint differs."""
    retain = [fmpq(1, 2), fmpq(1, 4), fmpq(1, 4)]
    answers = (0, 0, 1, 2)
    pooled = [sum((fmpq(int(a == y), 4) for a in answers), fmpq(0)) for y in range(3)]
    joint_gap = sum((abs(fmpq(int(a == y), 4) - retain[y] / 4) for a in answers for y in range(3)), fmpq(0))
    return Outcome(pooled == retain and joint_gap > 0, None, "rational arithmetic")


ENCLOSED: dict[str, Enclosed] = {
    "T1": identity,
    "T2": span,
    "T3": processing,
    "T4": metric,
    "T5": accuracy,
    "T6": roc,
    "T7": area,
    "T8": indistinguishability,
    "T10": many_outputs,
    "T13": rounds,
    "T15": likelihoods,
    "T16": bands,
    "T17": fast_rate,
    "T18": finite_population,
    "T25": seeds,
    "T26": blindness,
    "T28": access,
    "T29": counts,
}
"""Theorem id -> enclosure check."""
