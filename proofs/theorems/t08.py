"""T8: (epsilon, delta)."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from mari_theory import delta, hockey_stick, jensen_shannon, max_tpr
from mari_theory.enclosures.bounds import delta_enclosure
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import budgets
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.figures import BOUND, INK, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The hockey-stick divergence of every pair, both orders, stays under delta."""
    p, q = random_pairs(rng, min(cases, 400), 4)
    value = np.minimum(jensen_shannon(p, q), LN2)
    epsilon = np.array([0.0, 0.5, 1.0, 3.0])
    a = np.linspace(1e-6, 0.5, 20001)
    b = max_tpr(a, 0.1)
    peaks = [float((b - math.exp(e) * a).max()) for e in epsilon.tolist()]
    tight = max(r / bound for r, bound in zip(peaks, delta(epsilon, 0.1).tolist(), strict=True))
    note = "both orders of the arms, epsilon 0 to 3"
    if abs(tight - 1) >= 1e-6:
        return Outcome(False, tight, note)
    # One call for all: the bound's cost is its bisections, not its points.
    bounds = delta(epsilon[:, None], value)
    ok = all(
        np.all(hockey_stick(x, y, e) <= bound + 1e-11)
        for e, bound in zip(epsilon.tolist(), bounds, strict=True)
        for x, y in ((p, q), (q, p))
    )
    return Outcome(ok, tight, note)


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """delta is above the enclosure's lower end and within 1e-7 of its upper."""
    ok = True
    samples = budgets(rng, min(cases // 10, 30))[2:]
    epsilon = np.array([0.0, 0.3, 1.0, 3.0])
    for e, row in zip(epsilon.tolist(), delta(epsilon[:, None], np.array(samples)).tolist(), strict=True):
        for j, value in zip(samples, row, strict=True):
            low, high = delta_enclosure(e, j)
            ok &= low <= value * (1 + 1e-15) and value <= high + 1e-7 and high - low <= 1e-6
    return Outcome(bool(ok), None, "epsilon 0 to 3")


def _delta(z: Floats) -> float:
    p, q = laws_at(z[1:], 3)
    epsilon = 3.0 * float(expit(z[0]))
    value = min(divergence(p, q), LN2)
    return 0.0 if value < 1e-6 else over(float(hockey_stick(p, q, epsilon)), delta_enclosure(epsilon, value)[1])


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng)
    axes.plot(value, hockey_stick(p, q, 1.0), ".", color=POINTS, ms=2.5)
    grid = np.linspace(1e-4, LN2, 60)
    axes.plot(grid, delta(1.0, grid), color=INK, lw=1)
    fpr = np.linspace(1e-6, 0.5, 4001)
    marks = np.array([0.05, 0.2, 0.4])
    axes.plot(marks, [np.max(max_tpr(fpr, float(j)) - np.e * fpr) for j in marks], "*", color=BOUND, ms=9)
    label(axes, "JSD (nats)", "delta at epsilon 1")


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("hockey stick <= delta", 7, _delta),),
    formal=Formal("T06_Roc", ("T8_delta",)),
    mutations=(Mutation("delta", scaled(0.99)),),
    figure=Drawing(
        _draw, "Hockey-stick divergence at epsilon 1 of random pairs; marks: the best test of two Bernoullis."
    ),
    absent={
        "symbolic": "a maximum over T6's tests: T6's derivation is the calculus",
        "dropped": "a fixed test at equal priors: dropped under T5 and T6",
    },
)
