"""T10: many outputs."""

from __future__ import annotations

import math

import numpy as np

from mari_theory import (
    detectability,
    jensen_shannon,
    max_accuracy_outputs,
    min_outputs,
    squared_hellinger,
    total_variation,
)
from mari_theory.enclosures.balls import jensen_shannon_enclosure, squared_hellinger_enclosure
from mari_theory.enclosures.bounds import outputs_enclosure
from mari_theory.families import binary_erasure
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import budgets, inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.figures import BAND, BOUND, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The Hellinger sandwich symbol by symbol, products, and the series of the n-output bound at 0.

    With p = m (1+s), q = m (1-s) the shares are m j(s) and m k(s): j = phi(s), k = 1 - sqrt(1 - s^2).
    """
    import sympy as sp

    s = sp.Symbol("s", positive=True)
    n, e = sp.symbols("n e", positive=True)
    p, q, r, t = sp.symbols("p q r t", positive=True)
    j = ((1 + s) * sp.log(1 + s) + (1 - s) * sp.log(1 - s)) / 2
    k = 1 - sp.sqrt(1 - s**2)
    bound = sp.sqrt(1 - (1 - e / sp.log(2)) ** (2 * n))
    return [
        Step("the squared Hellinger share", (sp.sqrt(1 + s) - sp.sqrt(1 - s)) ** 2 / 2, 1 - sp.sqrt((1 + s) * (1 - s))),
        Step(
            "at disjoint masses (s = 1) the two shares are ln 2 and 1: the lower end",
            sp.limit(j, s, 1, "-") / k.subs(s, 1),
            sp.log(2),
        ),
        Step(
            "at equal masses both are s^2/2: the upper end",
            sp.limit(sp.series(j, s, 0, 3).removeO() / sp.series(k, s, 0, 3).removeO(), s, 0),
            1,
        ),
        Step(
            "between: j's coefficients 1/(2k(2k-1)) ...",
            sp.series(j, s, 0, 9).removeO(),
            s**2 / 2 + s**4 / 12 + s**6 / 30 + s**8 / 56,
        ),
        Step(
            "... are below k's from s^4 on, so j <= k",
            sp.series(k, s, 0, 9).removeO(),
            s**2 / 2 + s**4 / 8 + s**6 / 16 + 5 * s**8 / 128,
        ),
        Step("affinities multiply over independent outputs", sp.sqrt(p * q) * sp.sqrt(r * t), sp.sqrt(p * r * q * t)),
        Step("total variation from the affinity: (1 - sqrt(1-s^2)) (1 + sqrt(1-s^2)) = s^2", k * (2 - k), s**2),
        Step(
            "small budgets: the n-output advantage is sqrt(2 n e/ln 2)", sp.limit(bound**2 / e, e, 0), 2 * n / sp.log(2)
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Tensorisation, the Hellinger sandwich (both ends attained), and the accuracy of n outputs."""
    cases = min(cases, 400)
    p, q = random_pairs(rng, cases, 3)
    value, h2 = jensen_shannon(p, q), squared_hellinger(p, q)
    ok = bool(np.all(value <= h2 * (1 + 1e-12) + 1e-15) and np.all(LN2 * h2 <= value * (1 + 1e-12) + 1e-15))
    best = 0.0
    p_n, q_n = p, q
    for n in (2, 3, 4):
        p_n, q_n = (np.einsum("ci,cj->cij", x_n, x).reshape(cases, -1) for x_n, x in ((p_n, p), (q_n, q)))
        ok &= bool(np.all(jensen_shannon(p_n, q_n) <= n * value * (1 + 1e-12) + 1e-15))
        accuracy = 0.5 + 0.5 * np.minimum(total_variation(p_n, q_n), 1.0)
        bound = max_accuracy_outputs(np.minimum(value, LN2), n)
        ok &= bool(np.all(accuracy <= bound + 1e-12))
        ok &= bool(np.all(min_outputs(np.minimum(accuracy * (1 - 1e-9), 1.0), np.minimum(value, LN2)) <= n))
        best = max(best, float(((accuracy - 0.5) / np.maximum(bound - 0.5, 1e-12)).max()))
    return Outcome(ok, best, "products of 2 to 4; not sharp: largest advantage ratio found")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The Hellinger sandwich with certain ends; the number of outputs never exceeds the enclosed one's ceiling."""
    p, q = random_pairs(rng, cases)
    ok = True
    for a, b in zip(p, q, strict=True):
        (low, high), (h_low, h_high) = jensen_shannon_enclosure(a, b), squared_hellinger_enclosure(a, b)
        ok &= low <= h_high and LN2 * h_low <= high * (1 + 1e-15)
        ok &= inside(float(squared_hellinger(a, b)), (h_low, h_high), 1e-9)
    for j in budgets(rng, cases)[1:]:
        n = float(detectability.min_outputs(0.75, j))
        ok &= n <= max(math.ceil(outputs_enclosure(0.75, j)[1]), 1)
    return Outcome(bool(ok), None, "sandwich; outputs needed")


def _tensor(z: Floats) -> float:
    p, q, r, s = laws_at(z, 3)
    joint = divergence(np.outer(p, r).ravel(), np.outer(q, s).ravel())
    return over(joint, divergence(p, q) + divergence(r, s))


def _hellinger_above(z: Floats) -> float:
    p, q = laws_at(z, 3)
    return over(divergence(p, q), float(squared_hellinger(p, q)))


def _hellinger_below(z: Floats) -> float:
    p, q = laws_at(z, 3)
    return over(LN2 * float(squared_hellinger(p, q)), divergence(p, q))


def _outputs(z: Floats) -> float:
    p, q = laws_at(z, 3)
    value = min(divergence(p, q), LN2)
    advantage = float(total_variation(np.outer(p, p).ravel(), np.outer(q, q).ravel()))
    return over(advantage, 2 * float(max_accuracy_outputs(value, 2)) - 1)


def _dependent_outputs() -> float:
    same, different = np.array([0.5, 0, 0, 0.5]), np.array([0.12, 0.42, 0.36, 0.1])
    parts = [jensen_shannon(*(x.reshape(2, 2).sum(axis=k) for x in (same, different))) for k in (0, 1)]
    return float(jensen_shannon(same, different)) / float(sum(parts))


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng)
    axes.fill_between([0, 1], [0, LN2], [0, 1], color=BAND, lw=0)
    axes.plot(squared_hellinger(p, q), value, ".", color=POINTS, ms=2.5)
    marks = [binary_erasure(e) for e in (0.9, 0.6, 0.3, 0.05)]
    axes.plot([float(squared_hellinger(*m.arms())) for m in marks], [m.jsd() for m in marks], "*", color=BOUND, ms=9)
    label(axes, "squared Hellinger distance", "JSD (nats)")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(
        Inequality("JSD of a product <= sum", 12, _tensor),
        Inequality("JSD <= h2", 6, _hellinger_above),
        Inequality("ln 2 h2 <= JSD", 6, _hellinger_below),
        Inequality("advantage of two outputs", 6, _outputs),
    ),
    dropped=(Dropped("independent outputs", "two outputs that tell the arm only together", _dependent_outputs),),
    formal=Formal("T10_ManyOutputs", ("T10_two", "T10_tensorisation", "T10_n_draws", "T10_detector")),
    mutations=(
        Mutation("LN2", scaled(1.01)),
        Mutation("squared_hellinger", scaled(0.99)),
        Mutation("squared_hellinger", scaled(1.01), "enclosure"),
    ),
    figure=Drawing(
        _draw, "JSD against squared Hellinger: between h2 and ln 2 h2; marks: erasure channels (lower end)."
    ),
)
