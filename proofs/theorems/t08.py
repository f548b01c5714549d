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
from proofs.kit.figures import BOUND, INK, POINTS, Axes, Drawing, label, sampled
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The hockey-stick divergence of every pair, both orders, stays under delta."""
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


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """delta is above the enclosure's lower end and within 1e-7 of its upper."""
    ok = True
    tried = budgets(rng, min(cases // 10, 30))[2:]
    for e in (0.0, 0.3, 1.0, 3.0):
        for j, value in zip(tried, delta(e, np.array(tried)), strict=True):
            low, high = delta_enclosure(e, j)
            ok &= low <= value * (1 + 1e-15) and value <= high + 1e-7 and high - low <= 1e-6
    return Outcome(bool(ok), None, "epsilon 0 to 3")


def _delta(z: Floats) -> float:
    p, q = laws_at(z[1:], 3)
    epsilon = 3.0 * float(expit(z[0]))
    value = min(divergence(p, q), LN2)
    return 0.0 if value < 1e-6 else over(float(hockey_stick(p, q, epsilon)), delta_enclosure(epsilon, value)[1])


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = sampled(rng)
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
