"""T29: divergence from counts, from below."""

from __future__ import annotations

import math

import numpy as np
from flint import arb
from scipy.special import expit
from scipy.stats import binom

from estimators.discrete_intervals import certify_counts_jsd, divergence_level, lower_slope
from mari_theory import binary_jsd, jensen_shannon
from mari_theory.enclosures.balls import outward, precision
from mari_theory.enclosures.bounds import upper_slope_ball
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The slope c_l of the lower end is attained at ln 2, and the ratio behind it increases.

    (e^{lx} - 1 - lx)/(e^{-x} - 1 + x) at x = ln 2; second order at 0; and the compensation identity.
    """
    import sympy as sp

    x = sp.Symbol("x", real=True)
    s = sp.Symbol("s", positive=True)
    p, q, a, b = sp.symbols("p q a b", positive=True)
    above, below = sp.exp(s * x) - 1 - s * x, sp.exp(-x) - 1 + x
    m, n = (p + q) / 2, (a + b) / 2
    return [
        Step("numerator at ln 2", above.subs(x, sp.log(2)), 2**s - 1 - s * sp.log(2)),
        Step("denominator at ln 2", below.subs(x, sp.log(2)), sp.log(2) - sp.Rational(1, 2)),
        Step(
            "ratio -> l^2 at 0",
            sp.limit(sp.series(above, x, 0, 4).removeO() / sp.series(below, x, 0, 4).removeO(), x, 0),
            s**2,
        ),
        Step(
            "c_l is convex in l: second derivative (ln 2)^2 2^l/(ln 2 - 1/2)",
            sp.diff((2**s - 1 - s * sp.log(2)) / (sp.log(2) - sp.Rational(1, 2)), s, 2),
            sp.log(2) ** 2 * 2**s / (sp.log(2) - sp.Rational(1, 2)),
        ),
        Step(
            "compensation: a ln(a/m) + b ln(b/m) = a ln(a/n) + b ln(b/n) + 2n ln(n/m)",
            a * sp.log(a / m) + b * sp.log(b / m),
            a * sp.log(a / n) + b * sp.log(b / n) + 2 * n * sp.log(n / m),
        ),
        Step("split: a ln(a/m) = a ln(a/p) + a ln(p/m)", a * sp.log(a / m), a * sp.log(a / p) + a * sp.log(p / m)),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Its lemma on a grid, the concentration bound and the whole interval by enumeration."""
    x = np.concatenate([np.linspace(-60, -1e-3, 4000), np.linspace(1e-3, LN2, 4000)])
    worst = 0.0
    for multiplier in (0.05, 0.3, 1.0):
        left = np.expm1(multiplier * x) - multiplier * x
        worst = max(worst, float(np.max(left / (lower_slope(multiplier) * (np.expm1(-x) + x)))))
    if worst > 1 + 1e-9:
        return Outcome(False, worst, "the lemma fails on a grid")
    n, p = 20, 0.3
    k = np.arange(n + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(k > 0, k * np.log(k / n / p), 0) + np.where(k < n, (n - k) * np.log((1 - k / n) / (1 - p)), 0)
    tail = float(binom.pmf(k, n, p)[cost > divergence_level(1, 0.1)].sum())
    q, miss = 0.9, 0.0
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    for i in range(n + 1):
        for j in range(n + 1):
            if truth not in certify_counts_jsd([i, n - i], [j, n - j], 0.8).interval:
                miss += float(binom.pmf(i, n, p) * binom.pmf(j, n, q))
    chance = 0.0
    intervals = [certify_counts_jsd([i, n - i], [n - i, i], 0.8, arms_independent=False).interval for i in k]
    for a in (0.3, 0.5, 0.9):
        law = np.array([a, 1 - a])
        value = float(jensen_shannon(law, law[::-1]))
        chance = max(chance, float(binom.pmf(k, n, a)[[value not in interval for interval in intervals]].sum()))
    ok = tail <= 0.1 and max(miss, chance) <= 0.2
    return Outcome(ok, worst, "lemma on a grid; binomials enumerated, arms independent or antithetic")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """c_{-l} attains its ratio at ln 2, in balls, and the float slope is within rounding of it."""
    ok = True
    with precision():
        x = arb(2).log()
        for step in (0.01, 0.3, 1.0):
            ratio = ((arb(step) * x).exp() - 1 - arb(step) * x) / ((-x).exp() - 1 + x)
            slope = upper_slope_ball(-arb(step))
            ok &= bool(ratio.overlaps(slope)) and inside(lower_slope(step), outward(slope), 1e-10)
    return Outcome(bool(ok), None, "the constant at ln 2")


def _lower_moment(z: Floats) -> float:
    step, x = float(expit(z[0])), LN2 - float(np.exp(np.clip(z[1], -30, 3)))
    bound = (2.0**step - 1 - step * LN2) / (LN2 - 0.5) * (math.expm1(-x) + x)
    return over(math.expm1(step * x) - step * x, bound)


def _copied_counts() -> float:
    rng = np.random.default_rng(4)
    misses = 0
    for _ in range(100):
        x, y = rng.binomial(10, 0.5, size=2)
        estimate = certify_counts_jsd([100 * x, 1000 - 100 * x], [100 * y, 1000 - 100 * y], 0.95)
        misses += estimate.interval.lower > 0.0
    return misses / 100 / 0.05


def _antithetic_counts() -> float:
    # T29's linear term at one l: one binomial moves both arms' psi together.
    a, n, delta, step = 0.6, 100_000, 1e-8, 0.065
    k = np.arange(n + 1)
    psi = (k * math.log(2 * a) + (n - k) * math.log(2 * (1 - a))) / n
    bound = (1 + lower_slope(step) / step) * float(binary_jsd(a, 1 - a)) + math.log(1 / delta) / (2 * step * n)
    return float(binom.pmf(k, n, a)[psi > bound].sum()) / delta


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("moment lemma, x <= ln 2", 2, _lower_moment),),
    dropped=(
        Dropped("observations are independent", "10 of them counted as 1,000, equal laws", _copied_counts),
        Dropped(
            "the arms are independent of each other",
            "antithetic, the linear term: n = 100,000, delta = 1e-8, l = 0.065",
            _antithetic_counts,
        ),
    ),
    formal=Formal("T17_FastRate", ("T29_moment_pointwise", "T29_constant_is_attained")),
    mutations=(
        Mutation("lower_slope", scaled(0.99)),
        Mutation("lower_slope", scaled(0.99), "enclosure"),
    ),
)
