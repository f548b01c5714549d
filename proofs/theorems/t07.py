"""T7: AUC, closed form."""

from __future__ import annotations

import numpy as np
from flint import arb

from mari_theory import frontier_roc, jensen_shannon, max_auc, min_jsd_from_auc
from mari_theory.enclosures.balls import frontier_ball, outward, precision
from mari_theory.enclosures.bounds import frontier_integrals, max_auc_enclosure
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import budgets, sharp_from_above
from proofs.kit.evidence import Evidence, Outcome
from proofs.kit.figures import BOUND, INK, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, excess_over_half
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The sharp AUC frontier: stationarity, the boundary condition, both integrals in closed form, the limits k -> 0 and k -> infinity.

    Maximise the area of b(a) at a divergence budget; s(a) = b'(a) is the likelihood ratio at false-positive rate a.
    """
    import sympy as sp

    a, k, s, u = sp.symbols("a k s u", positive=True)
    # The divergence density of an ROC curve with slope s, and its derivative in s.
    density = (s * sp.log(2 * s / (1 + s)) + sp.log(2 / (1 + s))) / 2
    pull = sp.diff(density, s)
    w = 2 * sp.exp(k * (1 - a)) / (1 + sp.exp(k))
    slope = w / (2 - w)
    e = sp.exp(k)
    b = sp.log((2 - w) / (2 - w.subs(a, 0))) / k
    # With w = 2 sigma, sigma = e^{k(1-a)}/(1+e^k): both integrals become elementary or dilogarithms in w.
    area_inner = sp.log(2 - w)
    v = sp.Symbol("v", positive=True)
    li = sp.Function("L")  # Li2, known by its derivative -ln(1-x)/x
    first, second = sp.log(v) / (2 - v), sp.log(2 - v) / v
    # Antiderivatives with Li2(v/2) written as `l`, whose derivative in v is -ln(1 - v/2)/v.
    l, dl = li(v), (sp.log(2) - sp.log(2 - v)) / v  # noqa: E741
    anti_second = sp.log(2) * sp.log(v) - l
    anti_first = anti_second - sp.log(v) * sp.log(2 - v)

    def slope_of(e: sp.Expr) -> sp.Expr:
        return sp.diff(e, v).subs(sp.Derivative(l, v), dl)

    w_0, w_1 = w.subs(a, 0), w.subs(a, 1)
    big, small = sp.symbols("big small")  # Li2(s) and Li2(1-s), s = 1/(1+e^-k)
    at_0 = {l: big, v: w_0}
    at_1 = {l: small, v: w_1}
    both = anti_first + anti_second
    budget = (both.subs(at_0) - both.subs(at_1)) / (2 * k)
    area = (anti_second.subs(at_0) - anti_second.subs(at_1)) / k
    return [
        Step("d density/ds = ln(2s/(1+s))/2", pull, sp.log(2 * s / (1 + s)) / 2),
        Step("with w = 2s/(1+s), s = w/(2-w)", (2 * s / (1 + s)) / (2 - 2 * s / (1 + s)), s),
        Step(
            "Euler-Lagrange: area weight (1-a) balances lambda/2 ln w, so ln w is affine in a",
            sp.diff(sp.log(w), a),
            -k,
        ),
        Step("boundary: w(0) + w(1) = 2, the curve is its own mirror image", w.subs(a, 0) + w.subs(a, 1), 2),
        Step("slopes at the two ends are reciprocal", slope.subs(a, 0) * slope.subs(a, 1), 1),
        Step("b' is the slope", sp.diff(b, a), slope),
        Step("b(0) = 0", b.subs(a, 0), 0),
        Step("b(1) = 1", sp.simplify((2 - w.subs(a, 1)) / (2 - w.subs(a, 0))), e),
        Step(
            "area: d/da of (a-1) ln(2-w)/k has integrand ln(2-w)/k and the boundary term",
            sp.diff((a - 1) * area_inner / k, a),
            area_inner / k + (a - 1) * slope,
        ),
        Step(
            "with w = 2s/(1+s), 2/(1+s) = 2 - w: the budget's integrand is (s ln w + ln(2-w))/2",
            (2 / (1 + s)).subs(s, u / (2 - u)),
            2 - u,
        ),
        Step("-ln(1 - w/2) = ln 2 - ln(2-w)", sp.exp(sp.log(2) - sp.log(2 - v)), 1 / (1 - v / 2)),
        Step("da = -dw/(k w)", sp.diff(w, a), -k * w),
        Step("w/2 runs from s = 1/(1+e^-k) ...", w_0 / 2, 1 / (1 + sp.exp(-k))),
        Step("... to 1 - s", w_1 / 2, 1 - w_0 / 2),
        Step(
            "antiderivative of ln(2-w)/w: ln 2 ln w - Li2(w/2)", sp.expand_log(slope_of(anti_second)), sp.log(2 - v) / v
        ),
        Step("antiderivative of ln w/(2-w)", slope_of(anti_first), first),
        Step("budget in closed form: ln 2 - (Li2(s) - Li2(1-s))/k", budget, sp.log(2) - (big - small) / k),
        Step(
            "the area's integral is the same number: ln 2 - (Li2(s) - Li2(1-s))/k", area, sp.log(2) - (big - small) / k
        ),
        Step(
            "and AUC = (ln(1+e^k) - ln 2 + that)/k: the constant -ln(2 - w(0))",
            -sp.log(2 - w_0),
            sp.log(1 + e) - sp.log(2),
        ),
        Step("both integrands under the substitution", first + second, (v / (2 - v) * sp.log(v) + sp.log(2 - v)) / v),
        Step("k -> 0: slope is 1 everywhere", sp.limit(slope, k, 0), 1),
        Step("k -> 0: the slope is 1 + (1 - 2a) k + O(k^2)", sp.series(slope, k, 0, 2).removeO(), 1 + (1 - 2 * a) * k),
        Step("so the budget is k^2/24 to second order", sp.integrate(((1 - 2 * a) * k) ** 2 / 8, (a, 0, 1)), k**2 / 24),
        Step(
            "and AUC - 1/2 is k/6: sqrt(2 eps/3) at eps = k^2/24",
            sp.integrate((1 - a) * (1 - 2 * a) * k, (a, 0, 1)) ** 2,
            sp.Rational(2, 3) * k**2 / 24,
        ),
        Step("k -> infinity: b(a) -> 1 for every a > 0", sp.limit(b.subs(a, sp.Rational(1, 3)), k, sp.oo), 1),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The likelihood-ratio AUC stays under the frontier; the frontier curve spends the budget and has the area."""
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
        cost = float(jensen_shannon(law_p / law_p.sum(), law_q / law_q.sum()))
        ok &= abs(cost / budget - 1) < 1e-4
    return Outcome(ok and min(ratios) > 1 - 1e-6, min(ratios), "random pairs; the frontier curve spends the budget")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Rigorous integration of the optimal curve against the dilogarithms, and max_auc above its enclosure."""
    ok = True
    for k in (0.01, 0.3, 1.0, 4.0, 25.0, *rng.uniform(0.1, 60, size=5)):
        with precision():
            formulas = [outward(b) for b in frontier_ball(arb(float(k)))]
        for integral, formula in zip(frontier_integrals(float(k)), formulas, strict=True):
            ok &= integral[0] <= formula[1] and formula[0] <= integral[1] and integral[1] - integral[0] < 1e-12
    ok &= all(sharp_from_above(float(max_auc(j)), max_auc_enclosure(j)) for j in budgets(rng, cases))
    return Outcome(bool(ok), None, "both integrals of the frontier enclosed; the inverse")


def _auc(z: Floats) -> float:
    p, q = laws_at(z, 4)
    order = np.argsort(-(q / p))
    fpr, tpr = (np.concatenate([[0.0], np.cumsum(x[order])]) for x in (p, q))
    return over(float(min_jsd_from_auc(min(float(np.trapezoid(tpr, fpr)), 1.0))), divergence(p, q))


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(-np.where(p > 0, q / p, np.inf), axis=1)
    curves = [np.concatenate([np.zeros((len(x), 1)), np.cumsum(np.take_along_axis(x, order, 1), 1)], 1) for x in (p, q)]
    axes.plot(value, [np.trapezoid(b, a) for a, b in zip(*curves, strict=True)], ".", color=POINTS, ms=2.5)
    grid = np.linspace(1e-6, LN2, 200)
    axes.plot(grid, max_auc(grid), color=INK, lw=1)
    fpr = np.linspace(0, 1, 4001)
    marks = np.array([0.02, 0.1, 0.3, 0.5])
    axes.plot(marks, [np.trapezoid(frontier_roc(fpr, float(j)), fpr) for j in marks], "*", color=BOUND, ms=9)
    label(axes, "JSD (nats)", "AUC")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("JSD of the AUC <= JSD", 8, _auc, sharp=False, starts=2),),
    mutations=(
        Mutation("max_auc", excess_over_half(1.01)),
        Mutation("max_auc", excess_over_half(0.99)),
        Mutation("max_auc", excess_over_half(0.99), "enclosure"),
    ),
    figure=Drawing(_draw, "AUC of the likelihood ratio of random pairs; marks: the frontier's own curves."),
    absent={
        "formal": "needs dilogarithms and a variation over curves; both integrals are enclosed instead",
        "dropped": "a fixed test at equal priors: dropped under T5 and T6",
    },
)
