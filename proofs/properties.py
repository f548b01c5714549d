"""Property checks and tightness witnesses of sections A to C: random pairs may not break a statement, witnesses must attain it.

Each check takes a seeded generator and a number of cases and returns an `Outcome`; its inequalities use sharp constants,
so a constant off by 1 % fails either on a random pair or on the witness.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mari_theory import (
    binary_entropy,
    binary_jsd,
    delta,
    frontier_roc,
    functional_gap,
    hockey_stick,
    jensen_shannon,
    kl,
    max_accuracy,
    max_accuracy_closed_form,
    max_accuracy_outputs,
    max_auc,
    max_total_variation,
    max_tpr,
    min_outputs,
    mix,
    phi,
    posterior,
    rounds_bound,
    squared_hellinger,
    total_variation,
)
from mari_theory.families import PAIRS, binary_erasure, binary_symmetric
from mari_theory.sequences import chain_rule_information

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
SLACK = 1e-12
CONTRACTION = 1.0
"""T3's constant: no channel may raise a divergence by any factor above it."""
TRIANGLE = 1.0
"""T4's: one side over the sum of the other two."""


@dataclass(frozen=True)
class Outcome:
    """`tightness`: attained value over bound at the witness (1 = sharp), None where no bound is involved."""

    ok: bool
    tightness: float | None
    note: str


Check = Callable[[np.random.Generator, int], Outcome]


def random_pairs(rng: np.random.Generator, cases: int, size: int | None = None) -> tuple[Floats, Floats]:
    """Pairs of laws from nearly equal to nearly disjoint, zeros included; shape (cases, size)."""
    k = int(rng.integers(2, 9)) if size is None else size
    p, q = (rng.dirichlet(np.full(k, rng.choice([0.2, 1.0, 5.0])), size=cases) for _ in range(2))
    near = rng.random(cases) < 0.3
    closeness = 10.0 ** -rng.uniform(0, 5, size=cases)[:, None]
    q = np.where(near[:, None], (1 - closeness) * p + closeness * q, q)
    holes = rng.random((cases, k)) < 0.15
    holes[:, 0] = False
    p = np.where(holes, 0.0, p)
    return p / p.sum(1, keepdims=True), q


def identity(rng: np.random.Generator, cases: int) -> Outcome:
    """T1: three formulas of the information agree."""
    p, q = random_pairs(rng, cases)
    worst = 0.0
    for w in (0.5, 0.444, 0.05):
        m = (1 - w) * p + w * q
        value = jensen_shannon(p, q, w)
        as_kl = (1 - w) * kl(p, m) + w * kl(q, m)
        with np.errstate(divide="ignore"):
            eta = np.clip(posterior(np.log(p), np.log(q), w), 0, 1)
        h = np.vectorize(binary_entropy)(eta)
        as_entropy = (m * (binary_entropy(w) - h)).sum(1)
        worst = max(worst, float(np.abs(value - as_kl).max()), float(np.abs(value - as_entropy).max()))
    return Outcome(worst < 1e-12, None, f"three formulas differ by at most {worst:.1e}")


def span(rng: np.random.Generator, cases: int) -> Outcome:
    """T2: 0 <= JSD_w <= h(w), symmetric at 1/2, jointly convex; h(w) at disjoint supports."""
    p, q = random_pairs(rng, cases, 5)
    r, s = random_pairs(rng, cases, 5)
    ok = True
    for w in (0.5, 0.2, 0.01):
        value = jensen_shannon(p, q, w)
        ok &= bool(np.all(value >= 0) and np.all(value <= binary_entropy(w) + SLACK))
        middle = jensen_shannon(0.5 * (p + r), 0.5 * (q + s), w)
        ok &= bool(np.all(middle <= 0.5 * (value + jensen_shannon(r, s, w)) + SLACK))
    ok &= bool(np.allclose(jensen_shannon(p, q), jensen_shannon(q, p), rtol=1e-12, atol=0))
    witness = min(PAIRS["disjoint"].jsd(w) / binary_entropy(w) for w in (0.5, 0.2, 0.01))
    return Outcome(ok and abs(witness - 1) < 1e-12, witness, "range, symmetry, joint convexity; disjoint supports")


def processing(rng: np.random.Generator, cases: int) -> Outcome:
    """T3: a channel, random or nearly the identity, never raises the divergence; an invertible one keeps it."""
    p, q = random_pairs(rng, cases, 6)
    channel = rng.dirichlet(np.full(4, 0.5), size=(cases, 6))
    before = jensen_shannon(p, q, 0.3)
    after = jensen_shannon(np.einsum("ci,cij->cj", p, channel), np.einsum("ci,cij->cj", q, channel), 0.3)
    gentle = 0.999999 * np.eye(6) + 1e-6 * rng.dirichlet(np.ones(6), size=(cases, 6))
    nearly = jensen_shannon(np.einsum("ci,cij->cj", p, gentle), np.einsum("ci,cij->cj", q, gentle), 0.3)
    kept = jensen_shannon(p[:, ::-1], q[:, ::-1], 0.3)
    positive = before > 1e-12
    tight = float(np.min(kept[positive] / before[positive]))
    ok = bool(np.all(np.maximum(after, nearly) <= CONTRACTION * before * (1 + 1e-12) + 1e-15))
    return Outcome(ok and abs(tight - 1) < 1e-12, tight, "random and gentle channels; a permutation keeps it all")


def metric(rng: np.random.Generator, cases: int) -> Outcome:
    """T4: triangle inequality of sqrt(JSD)."""
    p, q = random_pairs(rng, cases, 4)
    r, _ = random_pairs(rng, cases, 4)
    sides = [np.sqrt(jensen_shannon(*pair)) for pair in ((p, r), (p, q), (q, r))]
    ok = bool(np.all(sides[0] <= TRIANGLE * (sides[1] + sides[2]) + SLACK))
    return Outcome(
        ok, float(np.max(sides[0] / np.maximum(sides[1] + sides[2], 1e-300))), "random triples; largest ratio found"
    )


def accuracy(rng: np.random.Generator, cases: int) -> Outcome:
    """T5: phi(TV) <= JSD <= TV ln 2, both attained; the budget's accuracy is attained by a symmetric channel."""
    p, q = random_pairs(rng, cases)
    value, tv = jensen_shannon(p, q), np.minimum(total_variation(p, q), 1.0)
    ok = bool(np.all(value >= phi(tv) * (1 - 1e-12) - 1e-16) and np.all(value <= tv * LN2 * (1 + 1e-12)))
    ok &= bool(np.all(0.5 + 0.5 * tv <= max_accuracy(np.minimum(value, LN2)) + 1e-12))
    ok &= bool(np.all(max_accuracy(np.minimum(value, LN2)) <= max_accuracy_closed_form(np.minimum(value, LN2)) + 1e-12))
    ratios = []
    for t in (1e-4, 0.1, 0.5, 0.9, 1.0):
        pair = binary_symmetric((1 - t) / 2)
        ratios.append(pair.total_variation() / float(max_total_variation(pair.jsd())))
        erasure = binary_erasure(1 - t)
        ratios.append(erasure.jsd() / (t * LN2))
    return Outcome(
        ok and min(ratios) > 1 - 1e-9 and max(ratios) < 1 + 1e-9,
        min(ratios),
        "symmetric and erasure channels attain the ends",
    )


def roc(rng: np.random.Generator, cases: int) -> Outcome:
    """T6: every test of every pair stays under b_max; two Bernoullis attain it."""
    p, q = random_pairs(rng, cases, 5)
    rule = rng.random((cases, 5))
    a, b = np.clip((p * rule).sum(1), 0, 1), np.clip((q * rule).sum(1), 0, 1)
    value = np.minimum(jensen_shannon(p, q), LN2)
    ok = bool(np.all(b <= max_tpr(a, value) + 1e-12))
    rates = np.array([1e-4, 0.01, 0.2, 0.7])
    budget = np.array([0.001, 0.01, 0.1, 0.3])
    top = max_tpr(rates, budget)
    tight = float(np.min(np.where(top < 1, binary_jsd(rates, top) / budget, 1.0)))
    return Outcome(ok and abs(tight - 1) < 1e-8, tight, "random tests; Bernoulli(a) against Bernoulli(b_max)")


def area(rng: np.random.Generator, cases: int) -> Outcome:
    """T7: the likelihood-ratio AUC stays under the frontier; the frontier curve spends the budget and has the area."""
    p, q = random_pairs(rng, cases, 5)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(p > 0, q / p, np.inf)
    order = np.argsort(-ratio, axis=1)
    fpr, tpr = (np.cumsum(np.take_along_axis(x, order, 1), 1) for x in (p, q))
    fpr, tpr = (np.concatenate([np.zeros((cases, 1)), x], 1) for x in (fpr, tpr))
    auc = 0.5 * ((fpr[:, 1:] - fpr[:, :-1]) * (tpr[:, 1:] + tpr[:, :-1])).sum(1)
    value = np.minimum(jensen_shannon(p, q), LN2)
    ok = bool(np.all(auc <= max_auc(value) + 1e-12))
    ratios = []
    for budget in (0.001, 0.05, 0.4):
        grid = np.linspace(0, 1, 20001)
        curve = frontier_roc(grid, budget)
        law_p, law_q = np.diff(grid), np.diff(curve)
        ratios.append(float(np.trapezoid(curve, grid)) / float(max_auc(budget)))
        spent = float(jensen_shannon(law_p / law_p.sum(), law_q / law_q.sum()))
        ok &= abs(spent / budget - 1) < 1e-4
    return Outcome(ok and min(ratios) > 1 - 1e-6, min(ratios), "random pairs; the frontier curve spends the budget")


def indistinguishability(rng: np.random.Generator, cases: int) -> Outcome:
    """T8: the hockey-stick divergence of every pair, both orders, stays under delta."""
    cases = min(cases, 400)
    p, q = random_pairs(rng, cases, 4)
    value = np.minimum(jensen_shannon(p, q), LN2)
    ok, tight = True, 0.0
    for e in (0.0, 0.5, 1.0, 3.0):
        bound = delta(e, value)
        for x, y in ((p, q), (q, p)):
            ok &= bool(np.all(hockey_stick(x, y, e) <= bound + 1e-11))
        a = np.linspace(1e-6, 0.5, 20001)
        b = max_tpr(a, 0.1)
        tight = max(tight, float((b - math.exp(e) * a).max()) / float(delta(e, 0.1)))
    return Outcome(ok and abs(tight - 1) < 1e-6, tight, "both orders of the arms, epsilon 0 to 3")


def influence(rng: np.random.Generator, cases: int) -> Outcome:
    """T9: gaps of bounded functions stay under osc(g) TV_max; sign(p - q) on a symmetric channel attains it."""
    p, q = random_pairs(rng, cases, 5)
    g = rng.normal(size=(cases, 5))
    gap = np.abs((p * g).sum(1) - (q * g).sum(1))
    value = np.minimum(jensen_shannon(p, q), LN2)
    ok = bool(np.all(gap <= functional_gap(np.ptp(g, axis=1), value) + 1e-12))
    pair = binary_symmetric(0.3)
    a, b = pair.arms()
    sign = np.array([1.0, -1.0])
    tight = float(abs((a * sign).sum() - (b * sign).sum()) / functional_gap(2.0, pair.jsd()))
    return Outcome(ok and abs(tight - 1) < 1e-9, tight, "random functions; the sign on a symmetric channel")


def many_outputs(rng: np.random.Generator, cases: int) -> Outcome:
    """T10: tensorisation, the Hellinger sandwich (both ends attained), and the accuracy of n outputs."""
    cases = min(cases, 400)
    p, q = random_pairs(rng, cases, 3)
    value, h2 = jensen_shannon(p, q), squared_hellinger(p, q)
    ok = bool(np.all(value <= h2 * (1 + 1e-12) + 1e-15) and np.all(LN2 * h2 <= value * (1 + 1e-12) + 1e-15))
    best = 0.0
    p_n, q_n = p, q
    for n in (2, 3, 4):
        p_n, q_n = (np.einsum("ci,cj->cij", x_n, x).reshape(cases, -1) for x_n, x in ((p_n, p), (q_n, q)))
        ok &= bool(np.all(jensen_shannon(p_n, q_n) <= n * value * (1 + 1e-12) + 1e-15))
        reached = 0.5 + 0.5 * np.minimum(total_variation(p_n, q_n), 1.0)
        bound = max_accuracy_outputs(np.minimum(value, LN2), n)
        ok &= bool(np.all(reached <= bound + 1e-12))
        ok &= bool(np.all(min_outputs(np.minimum(reached * (1 - 1e-9), 1.0), np.minimum(value, LN2)) <= n))
        best = max(best, float(((reached - 0.5) / np.maximum(bound - 0.5, 1e-12)).max()))
    return Outcome(ok, best, "products of 2 to 4; not sharp: largest advantage ratio found")


def chain(rng: np.random.Generator, cases: int) -> Outcome:
    """T11: path information averaged over all paths of a two-step process is the divergence of the joint laws."""
    worst = 0.0
    for _ in range(min(cases, 200)):
        (p1,), (q1,) = random_pairs(rng, 1, 3)
        p2, q2 = rng.dirichlet(np.ones(3), size=3), rng.dirichlet(np.ones(3), size=3)
        w = float(rng.uniform(0.1, 0.9))
        joint_p, joint_q = (p1[:, None] * p2).ravel(), (q1[:, None] * q2).ravel()
        exact = float(jensen_shannon(joint_p, joint_q, w))
        mixture = (1 - w) * joint_p + w * joint_q
        paths = np.array([[i, j] for i in range(3) for j in range(3)])
        with np.errstate(divide="ignore"):
            steps_p = np.log(np.stack([np.broadcast_to(p1, (9, 3)), p2[paths[:, 0]]], 1))
            steps_q = np.log(np.stack([np.broadcast_to(q1, (9, 3)), q2[paths[:, 0]]], 1))
        keep = mixture > 0
        information = chain_rule_information(steps_p[keep], steps_q[keep], paths[keep], w)
        worst = max(worst, abs(float((mixture[keep] * information).sum()) - exact))
    return Outcome(worst < 1e-12, None, f"two-step processes; largest difference {worst:.1e}")


def contraction(rng: np.random.Generator, cases: int) -> Outcome:
    """T12: JSD(P, mix) <= rho JSD(P, F), equality at disjoint supports in the limit; TV scales exactly by rho."""
    p, f = random_pairs(rng, cases, 5)
    ok = True
    for rho in (0.01, 0.3, 1.0):
        q = mix(p, f, rho)
        ok &= bool(np.all(jensen_shannon(p, q) <= rho * jensen_shannon(p, f) * (1 + 1e-12) + 1e-16))
        ok &= bool(np.allclose(total_variation(p, q), rho * total_variation(p, f), rtol=1e-9, atol=1e-15))
    (a, b) = PAIRS["disjoint"].arms()
    tight = float(jensen_shannon(a, mix(a, b, 1.0)) / jensen_shannon(a, b))
    return Outcome(ok, tight, "shares 0.01, 0.3 and 1")


def rounds(rng: np.random.Generator, cases: int) -> Outcome:
    """T13: after several rounds the divergence stays under the square of the summed roots."""
    laws = [random_pairs(rng, cases, 4)[0] for _ in range(4)]
    steps = np.stack([jensen_shannon(a, b) for a, b in itertools.pairwise(laws)], 1)
    total = jensen_shannon(laws[0], laws[-1])
    bound = np.array([rounds_bound(list(np.minimum(s, LN2))) for s in steps])
    ok = bool(np.all(total <= bound + SLACK))
    # Equal small steps along a line: the square root of the divergence is locally a length.
    line = [np.array([0.3 + 1e-5 * k, 0.7 - 1e-5 * k]) for k in range(4)]
    parts = [float(jensen_shannon(a, b)) for a, b in itertools.pairwise(line)]
    tight = float(jensen_shannon(line[0], line[-1])) / rounds_bound(parts)
    return Outcome(ok and tight < 1 + 1e-7, tight, "three rounds; equal small steps on a line")


CHECKS: dict[str, Check] = {
    "T1": identity,
    "T2": span,
    "T3": processing,
    "T4": metric,
    "T5": accuracy,
    "T6": roc,
    "T7": area,
    "T8": indistinguishability,
    "T9": influence,
    "T10": many_outputs,
    "T11": chain,
    "T12": contraction,
    "T13": rounds,
}
"""Theorem id -> its check; `mari verify` and the tests run every row."""
