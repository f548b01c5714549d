"""T6: ROC."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import expit

from mari_theory import binary_jsd, jensen_shannon, max_tpr
from mari_theory.enclosures.bounds import max_tpr_enclosure
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import budgets, sharp_from_above
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.figures import BOUND, INK, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, around, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The binary divergence, its slopes, and its series: at a small budget the ROC rises by sqrt(8 a (1-a) eps).

    J(a, b) = JSD(Bern(a), Bern(b)); the trade-off's slope is -(dJ/da)/(dJ/db).
    """
    import sympy as sp

    a, b = sp.symbols("a b", positive=True)
    e = sp.Symbol("e", positive=True)
    d = sp.Symbol("d")
    m = (a + b) / 2

    def half(x: sp.Expr, y: sp.Expr) -> sp.Expr:
        return x * (sp.log(x) - sp.log(y)) / 2

    j = half(a, m) + half(b, m) + half(1 - a, 1 - m) + half(1 - b, 1 - m)
    by_b = (sp.log(b) - sp.log(m) - sp.log(1 - b) + sp.log(1 - m)) / 2
    small = sp.series(j.subs(b, a + d), d, 0, 3).removeO()
    return [
        Step("J(a, a) = 0", j.subs(b, a), 0),
        Step("dJ/db = (ln(b/m) - ln((1-b)/(1-m)))/2", sp.diff(j, b), by_b),
        Step("which vanishes at b = a: J grows from there", by_b.subs(b, a), 0),
        Step("the same with the outcomes exchanged", j.subs({a: 1 - a, b: 1 - b}, simultaneous=True), j),
        Step("J(a, a + d) = d^2/(8 a (1-a)) + O(d^3)", small, d**2 / (8 * a * (1 - a))),
        Step("so a budget e buys d = sqrt(8 a (1-a) e)", small.subs(d, sp.sqrt(8 * a * (1 - a) * e)), e),
        Step("at a = 1/2 that is the accuracy bound, sqrt(2 e)", sp.sqrt(8 * sp.Rational(1, 4) * e), sp.sqrt(2 * e)),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Every test of every pair stays under b_max; two Bernoullis attain it."""
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


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """max_tpr is above the enclosed inverse and within 1e-9 of it."""
    rates = [0.0, 1e-6, 0.001, *rng.uniform(size=3)]
    pairs = list(product(rates, budgets(rng, cases // 6)))
    bounds = max_tpr(*np.transpose(pairs)).tolist()
    ok = all(sharp_from_above(b, max_tpr_enclosure(float(a), j)) for (a, j), b in zip(pairs, bounds, strict=True))
    return Outcome(ok, None, "rates from 0 to 1")


def rates_ratio(z: Floats) -> float:
    """Divergence of a test's two rates over that of the arms: four symbols, then the logits of the test."""
    p, q = laws_at(z[:8], 4)
    rule = expit(z[8:])
    return over(float(binary_jsd(p @ rule, q @ rule)), divergence(p, q))


def _threshold_in_hindsight() -> float:
    return 1.0 / float(max_tpr(0.5, 0.01))


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng, 1200)
    keep = value <= 0.1
    rule = rng.random((int(keep.sum()), 4)) ** 3
    grid = np.linspace(0, 1, 200)
    axes.plot(np.sum(p[keep] * rule, axis=1), np.sum(q[keep] * rule, axis=1), ".", color=POINTS, ms=2.5)
    axes.plot(grid, max_tpr(grid, 0.1), color=INK, lw=1)
    marks = np.array([0.02, 0.2, 0.5])
    axes.plot(marks, max_tpr(marks, 0.1), "*", color=BOUND, ms=9)
    label(axes, "false positive rate", "true positive rate")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("JSD of a test's rates <= JSD", 12, rates_ratio),),
    dropped=(
        Dropped("one test, fixed before the row", "the threshold chosen after seeing it", _threshold_in_hindsight),
    ),
    formal=Formal("T06_Roc", ("T6_roc", "T6_advantage")),
    mutations=(
        Mutation("max_tpr", around(0.99)),
        Mutation("max_tpr", scaled(0.99), "enclosure"),
    ),
    figure=Drawing(
        _draw, "Random tests of random pairs with JSD at most 0.1 under the ROC bound; marks: two Bernoullis."
    ),
)
