"""T17: pooled information, fast rate."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from flint import arb
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binom

from estimators.pooled import MULTIPLIERS, Arms, FastRate, upper_slope
from mari_theory import binary_jsd, jensen_shannon
from mari_theory.enclosures.balls import precision
from mari_theory.enclosures.bounds import fast_rate_enclosure, upper_slope_ball
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, over
from proofs.kit.step import Step, true


def steps() -> list[Step]:
    """The constant c_l = (2^-l - 1 + l ln 2)/(ln 2 - 1/2), why it is attained at -ln 2, and where the bound is smallest.

    r(x) = (e^{lx} - 1 - lx)/(e^x - 1 - x) decreases, so over x >= -ln 2 it is largest at -ln 2.

    A ratio of two functions that vanish together at a point is monotone wherever the ratio of their derivatives is, in the same
    direction; used twice at 0.
    """
    import sympy as sp

    x = sp.Symbol("x", real=True)
    s = sp.Symbol("s", positive=True)
    log2 = sp.log(2)
    above, below = sp.exp(s * x) - 1 - s * x, sp.exp(x) - 1 - x
    slope = (2 ** (-s) - 1 + s * log2) / (log2 - sp.Rational(1, 2))
    second = sp.diff(above, x, 2) / sp.diff(below, x, 2)
    gain = s - slope
    best = sp.log(2 * log2) / log2
    bound, value = sp.symbols("B F")
    level, size, k_p, k_q = sp.symbols("L N K_P K_Q", positive=True)
    # Chernoff at exponent lambda for (A + B)/2, A and B the arms' mean fluctuations: ln E e^{lambda A} is at most c_l N K_P at lambda = l N.
    apart = (slope * size * (k_p + k_q) + level) / (2 * s * size)
    together = (slope * size * (k_p + k_q) / 2 + level) / (s * size)
    return [
        Step("both sides vanish at 0", above.subs(x, 0) + below.subs(x, 0), 0),
        Step("and so do their derivatives", sp.diff(above, x).subs(x, 0) + sp.diff(below, x).subs(x, 0), 0),
        Step("the ratio of second derivatives is l^2 e^{(l-1)x}", second, s**2 * sp.exp((s - 1) * x)),
        Step("which decreases for l < 1: derivative", sp.diff(second, x), (s - 1) * s**2 * sp.exp((s - 1) * x)),
        Step("so the ratio is largest at -ln 2, where it is c_l", (above / below).subs(x, -log2), slope),
        Step("c_l at l = 1", slope.subs(s, 1), 1),
        Step(
            "as l -> 0: c_l = l^2 (ln 2)^2/(2 ln 2 - 1) + O(l^3)",
            sp.series(slope, s, 0, 3).removeO(),
            s**2 * log2**2 / (2 * log2 - 1),
        ),
        Step(
            "c_l is convex: second derivative (ln 2)^2 2^-l/(ln 2 - 1/2)",
            sp.diff(slope, s, 2),
            log2**2 * 2 ** (-s) / (log2 - sp.Rational(1, 2)),
        ),
        Step(
            "at a plug-in of 0 the bound is level/(2N (l - c_l)): stationary at l = log2(2 ln 2)",
            sp.diff(gain, s).subs(s, best),
            0,
        ),
        true("that l lies in (0, 1)", sp.And(sp.N(best, 30) > 0, sp.N(best, 30) < 1)),
        Step(
            "independent arms, exponent 2 l N: the moments multiply; K_P + K_Q is twice the divergence",
            apart.subs(k_q, 2 * value - k_p),
            level / (2 * s * size) + slope / s * value,
        ),
        Step(
            "dependent arms, exponent l N: root of the product of the moments; N becomes N/2, the rest stays",
            together.subs(k_q, 2 * value - k_p),
            level / (s * size) + slope / s * value,
        ),
        Step(
            "solving F <= B + (c_l/l) F for F",
            sp.solve(value - bound - slope / s * value, value)[0],
            bound / (1 - slope / s),
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """e^{lx} - 1 - lx <= c_l (e^x - 1 - x) for x >= -ln 2, equality at -ln 2; exact miss probability of one-hot samples, arms
    independent of each other or antithetic."""
    x = np.concatenate([np.linspace(-LN2, -1e-4, 4000), np.linspace(1e-4, 30, 4000)])
    worst = 0.0
    for multiplier in (1e-3, 0.05, 0.4, 0.8, 1.0):
        left = np.expm1(multiplier * x) - multiplier * x
        worst = max(worst, float(np.max(left / (upper_slope(multiplier) * (np.expm1(x) - x)))))
    if worst > 1 + 1e-6:
        return Outcome(False, worst, "the lemma fails on a grid")
    n, p, q = 25, 0.2, 0.45
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    k = np.arange(n + 1)
    missed = _misses(FastRate(), binary_jsd(k[:, None] / n, k / n), truth, n, 0.5)
    chance = float((binom.pmf(k, n, p)[:, None] * binom.pmf(k, n, q))[missed].sum())
    share = max(
        *(
            antithetic_misses(a, k, 1e-4, 0.065, "dependent") / 1e-4
            for a, k in ((0.7, 10_000), (0.6, 20_000), (0.9, 500))
        ),
        *(antithetic_misses(0.6, k, 0.1, 0.3, "dependent") / 0.1 for k in (10, 100, 1000)),
    )
    note = f"lemma on a grid; binomials enumerated; antithetic arms miss with at most {share:.2g} of delta"
    return Outcome(chance <= 0.5 and share <= 1, worst, note)


def antithetic_misses(a: float, n: int, delta: float, multiplier: float, arms: Arms) -> float:
    """Exact probability that T17's bound at one l misses, where p_i = 1[U_i < a] and q_i = 1 - p_i: one binomial decides both arms."""
    k = np.arange(n + 1)
    plug_in, truth = binary_jsd(k / n, 1 - k / n), float(binary_jsd(a, 1 - a))
    missed = _misses(FastRate(multipliers=(multiplier,)), plug_in, truth, n, 1 - delta, arms)
    return float(binom.pmf(k[missed], n, a).sum())


def _misses(
    bound: FastRate, plug_in: Floats, truth: float, n: int, confidence: float, arms: Arms = "independent"
) -> NDArray[np.bool_]:
    """Where the bound lies below the truth; it increases with the plug-in, so bisection finds the first value that covers."""
    values = np.unique(plug_in).tolist()
    first = bisect_left(values, True, key=lambda f: bound.upper(f, n, n, confidence, arms) >= truth)
    return plug_in < (values[first] if first < len(values) else np.inf)


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """FastRate is above the least of the enclosed bounds of its grid; c_l attains its ratio at -ln 2."""
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


def _upper_moment(z: Floats) -> float:
    step, x = float(expit(z[0])), -LN2 + float(np.exp(np.clip(z[1], -30, 3)))
    bound = (2.0**-step - 1 + step * LN2) / (LN2 - 0.5) * (math.expm1(x) - x)
    return over(math.expm1(step * x) - step * x, bound)


def _copied_distributions() -> float:
    rng = np.random.default_rng(1)
    truth = float(jensen_shannon(COIN, np.array([0.8, 0.2])))
    misses = 0
    for _ in range(200):
        x, y = rng.binomial(4, 0.5) / 4, rng.binomial(4, 0.8) / 4
        plug_in = float(jensen_shannon(np.array([x, 1 - x]), np.array([y, 1 - y])))
        misses += FastRate().upper(plug_in, 4000, 4000, 0.9) < truth
    return misses / 200 / 0.1


def _antithetic_arms() -> float:
    return antithetic_misses(0.7, 10_000, 1e-4, 0.065, "independent") / 1e-4


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("moment lemma, x >= -ln 2", 2, _upper_moment),),
    dropped=(
        Dropped("the n distributions are i.i.d.", "4 distributions counted as 4,000", _copied_distributions),
        Dropped(
            "the arms are independent of each other",
            "p_i = 1[U < 0.7], q_i = 1 - p_i: n = 10,000, delta = 1e-4, l = 0.065",
            _antithetic_arms,
        ),
    ),
    formal=Formal(
        "T17_FastRate",
        (
            "T17_moment_pointwise",
            "T17_constant_is_attained",
            "T17_exponential_moment",
            "T17_convexity_step",
            "T17_dependent_arms",
        ),
    ),
    mutations=(
        Mutation("upper_slope", scaled(0.99)),
        Mutation("upper_slope_ball", scaled(0.99), "enclosure"),
    ),
)
