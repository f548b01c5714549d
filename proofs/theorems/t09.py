"""T9: residual influence."""

from __future__ import annotations

import math

import numpy as np

from mari_theory import functional_gap, jensen_shannon, max_total_variation, phi
from mari_theory.families import binary_symmetric
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.figures import BOUND, INK, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Gaps of bounded functions stay under osc(g) TV_max; sign(p - q) on a symmetric channel attains it."""
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


def _functional(z: Floats) -> float:
    p, q = laws_at(z[:8], 4)
    g = z[8:]
    # gap <= osc TV_max(JSD) is phi(gap/osc) <= JSD.
    gap = abs(float((p - q) @ g)) / max(float(np.ptp(g)), 1e-12)
    return over(float(phi(min(gap, 1.0))), divergence(p, q))


def _understated_oscillation() -> float:
    p, q = np.array([0.49, 0.51]), np.array([0.51, 0.49])
    return 1000 * 0.02 / math.sqrt(2 * float(jensen_shannon(p, q)))


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng)
    g = rng.random(p.shape)
    gap = np.abs(np.sum((p - q) * g, axis=1)) / np.ptp(g, axis=1)
    axes.plot(value, gap, ".", color=POINTS, ms=2.5)
    grid = np.linspace(0, LN2, 200)
    axes.plot(grid, max_total_variation(grid), color=INK, lw=1)
    marks = [binary_symmetric(f) for f in (0.45, 0.35, 0.2, 0.05)]
    axes.plot([m.jsd() for m in marks], [m.total_variation() for m in marks], "*", color=BOUND, ms=9)
    label(axes, "JSD (nats)", "gap over oscillation")


EVIDENCE = Evidence(
    random=random_check,
    search=(Inequality("|E g - E g| <= osc(g) TV_max", 12, _functional),),
    dropped=(Dropped("osc(g) is the true oscillation", "1,000 counted as 1", _understated_oscillation),),
    formal=Formal("T06_Roc", ("T9_functionals", "T9_from_budget")),
    mutations=(Mutation("functional_gap", scaled(0.99)),),
    figure=Drawing(_draw, "Gap of random functions of oscillation 1; marks: the sign on symmetric channels."),
    absent={
        "symbolic": "one line from the definition of total variation",
        "enclosure": "linear in total variation, which is enclosed under T5",
    },
)
