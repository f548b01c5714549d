"""The search for counterexamples: gradient ascent on attained value over bound, from random starts, for every inequality.

A ratio above 1 would refute a theorem; 1 is reached where the bound is sharp. Parameters are logits, so every point is valid input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, softmax

from mari_theory import (
    binary_entropy,
    binary_jsd,
    entropy,
    entropy_gap,
    hockey_stick,
    jensen_shannon,
    kl,
    max_accuracy_outputs,
    min_jsd_from_auc,
    mix,
    phi,
    squared_hellinger,
    total_variation,
)
from mari_theory.enclosures.bounds import delta_enclosure
from mari_theory.fenchel import FENCHEL

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
SMALLEST = 1e-9
"""Divergences below are left out: rounding, not mathematics, decides ratios there."""
Ratio = Callable[[Floats], float]


@dataclass(frozen=True)
class Inequality:
    """`ratio` takes `size` real parameters and returns attained over bound; `sharp` says whether 1 can be reached or approached."""

    theorem: str
    what: str
    size: int
    ratio: Ratio
    sharp: bool = True
    starts: int = 5


@dataclass(frozen=True)
class Found:
    """The largest ratio of one inequality, where it was found, and after how many evaluations."""

    inequality: Inequality
    ratio: float
    at: Floats
    evaluations: int

    @property
    def refuted(self) -> bool:
        """True when the ratio exceeds 1 beyond rounding."""
        return self.ratio > 1 + 1e-7


def _laws(z: Floats, k: int) -> list[Floats]:
    return [softmax(part) for part in z.reshape(-1, k)]


def _over(value: float, bound: float) -> float:
    return value / bound if bound > SMALLEST else 0.0


def _range(z: Floats) -> float:
    w = float(expit(z[0]))
    p, q = _laws(z[1:], 3)
    return _over(float(jensen_shannon(p, q, w)), float(binary_entropy(w)))


def _processing(z: Floats) -> float:
    p, q = _laws(z[:8], 4)
    channel = softmax(z[8:].reshape(4, 3), axis=1)
    return _over(float(jensen_shannon(p @ channel, q @ channel)), float(jensen_shannon(p, q)))


def _triangle(z: Floats) -> float:
    p, q, r = _laws(z, 3)
    sides = [math.sqrt(float(jensen_shannon(*pair))) for pair in ((p, r), (p, q), (q, r))]
    return _over(sides[0], sides[1] + sides[2])


def _phi_below(z: Floats) -> float:
    p, q = _laws(z, 3)
    return _over(float(phi(min(float(total_variation(p, q)), 1.0))), float(jensen_shannon(p, q)))


def _below_total_variation(z: Floats) -> float:
    p, q = _laws(z, 3)
    return _over(float(jensen_shannon(p, q)), LN2 * float(total_variation(p, q)))


def _closed_form(z: Floats) -> float:
    p, q = _laws(z, 3)
    value = float(jensen_shannon(p, q))
    return _over(float(total_variation(p, q)) ** 2, 2 * value)


def _rates(z: Floats) -> float:
    p, q = _laws(z[:8], 4)
    rule = expit(z[8:])
    return _over(float(binary_jsd(p @ rule, q @ rule)), float(jensen_shannon(p, q)))


def _auc(z: Floats) -> float:
    p, q = _laws(z, 4)
    order = np.argsort(-(q / p))
    fpr, tpr = (np.concatenate([[0.0], np.cumsum(x[order])]) for x in (p, q))
    return _over(float(min_jsd_from_auc(min(float(np.trapezoid(tpr, fpr)), 1.0))), float(jensen_shannon(p, q)))


def _delta(z: Floats) -> float:
    p, q = _laws(z[1:], 3)
    epsilon = 3.0 * float(expit(z[0]))
    value = min(float(jensen_shannon(p, q)), LN2)
    return 0.0 if value < 1e-6 else _over(float(hockey_stick(p, q, epsilon)), delta_enclosure(epsilon, value)[1])


def _functional(z: Floats) -> float:
    p, q = _laws(z[:8], 4)
    g = z[8:]
    # gap <= osc TV_max(JSD) is phi(gap/osc) <= JSD.
    gap = abs(float((p - q) @ g)) / max(float(np.ptp(g)), 1e-12)
    return _over(float(phi(min(gap, 1.0))), float(jensen_shannon(p, q)))


def _tensor(z: Floats) -> float:
    p, q, r, s = _laws(z, 3)
    joint = float(jensen_shannon(np.outer(p, r).ravel(), np.outer(q, s).ravel()))
    return _over(joint, float(jensen_shannon(p, q) + jensen_shannon(r, s)))


def _hellinger_above(z: Floats) -> float:
    p, q = _laws(z, 3)
    return _over(float(jensen_shannon(p, q)), float(squared_hellinger(p, q)))


def _hellinger_below(z: Floats) -> float:
    p, q = _laws(z, 3)
    return _over(LN2 * float(squared_hellinger(p, q)), float(jensen_shannon(p, q)))


def _outputs(z: Floats) -> float:
    p, q = _laws(z, 3)
    value = min(float(jensen_shannon(p, q)), LN2)
    reached = float(total_variation(np.outer(p, p).ravel(), np.outer(q, q).ravel()))
    return _over(reached, 2 * float(max_accuracy_outputs(value, 2)) - 1)


def _contraction(z: Floats) -> float:
    p, f = _laws(z[1:], 3)
    share = float(expit(z[0]))
    return _over(float(jensen_shannon(p, mix(p, f, share))), share * float(jensen_shannon(p, f)))


def _rounds(z: Floats) -> float:
    laws = _laws(z, 3)
    steps = sum(math.sqrt(float(jensen_shannon(a, b))) for a, b in pairwise(laws))
    return _over(math.sqrt(float(jensen_shannon(laws[0], laws[-1]))), steps)


def _upper_moment(z: Floats) -> float:
    step, x = float(expit(z[0])), -LN2 + float(np.exp(np.clip(z[1], -30, 3)))
    bound = (2.0**-step - 1 + step * LN2) / (LN2 - 0.5) * (math.expm1(x) - x)
    return _over(math.expm1(step * x) - step * x, bound)


def _lower_moment(z: Floats) -> float:
    step, x = float(expit(z[0])), LN2 - float(np.exp(np.clip(z[1], -30, 3)))
    bound = (2.0**step - 1 - step * LN2) / (LN2 - 0.5) * (math.expm1(-x) + x)
    return _over(math.expm1(step * x) - step * x, bound)


def _variational(name: str) -> Ratio:
    def ratio(z: Floats) -> float:
        p, q = _laws(z[:8], 4)
        pair = FENCHEL[name]
        return _over(float(pair.lower_bound(p, q, z[8:])), float(pair.divergence(p, q)))

    return ratio


def _reward(z: Floats) -> float:
    policy, reference = _laws(z[:8], 4)
    reward, beta = expit(z[8:12]), math.exp(float(np.clip(z[12], -2, 2)))
    best = beta * math.log(float(reference @ np.exp(reward / beta)))
    return _over(float(policy @ reward - beta * kl(policy, reference)), best)


def _seeds(z: Floats) -> float:
    p, p2, q, q2 = _laws(z, 3)
    each = np.mean([float(jensen_shannon(a, b)) for a in (p, p2) for b in (q, q2)])
    return _over(float(jensen_shannon((p + p2) / 2, (q + q2) / 2)), float(each))


def _coins(z: Floats) -> float:
    g = 0.5 * float(expit(z[0]))
    return _over(float(phi(2 * g)), 4 * g * g)


def _gibbs(z: Floats) -> float:
    p, q = _laws(z[:6], 3)
    claim = expit(z[6:])
    return _over(LN2 + float(p @ np.log1p(-claim) + q @ np.log(claim)) / 2, float(jensen_shannon(p, q)))


def _localised(z: Floats) -> float:
    laws = _laws(z, 2)
    each = np.sort([float(jensen_shannon(p, q)) for p, q in zip(laws[::2], laws[1::2], strict=True)])[::-1]
    return _over(float(np.max(each * np.arange(1, each.size + 1))), float(each.sum()))


def _entropies(z: Floats) -> float:
    p, q = _laws(z, 3)
    gap = abs(float(entropy(p) - entropy(q)))
    return _over(gap, float(entropy_gap(min(float(total_variation(p, q)), 1.0), 3)))


def _word(z: Floats) -> float:
    p, q = _laws(z, 3)
    both = float(p[0] + q[0])
    return _over(float(p[0] - q[0]) ** 2, 2 * float(jensen_shannon(p, q)) * both * (2 - both))


INEQUALITIES: tuple[Inequality, ...] = (
    Inequality("T2", "JSD_w <= h(w)", 7, _range),
    Inequality("T3", "JSD(KP, KQ) <= JSD(P, Q)", 20, _processing),
    Inequality("T4", "triangle of square roots", 9, _triangle),
    Inequality("T5", "phi(TV) <= JSD", 6, _phi_below),
    Inequality("T5", "JSD <= TV ln 2", 6, _below_total_variation),
    Inequality("T5", "TV^2 <= 2 JSD", 6, _closed_form),
    Inequality("T6", "JSD of a test's rates <= JSD", 12, _rates),
    Inequality("T7", "JSD of the AUC <= JSD", 8, _auc, sharp=False, starts=2),
    Inequality("T8", "hockey stick <= delta", 7, _delta),
    Inequality("T9", "|E g - E g| <= osc(g) TV_max", 12, _functional),
    Inequality("T10", "JSD of a product <= sum", 12, _tensor),
    Inequality("T10", "JSD <= h2", 6, _hellinger_above),
    Inequality("T10", "ln 2 h2 <= JSD", 6, _hellinger_below),
    Inequality("T10", "advantage of two outputs", 6, _outputs),
    Inequality("T12", "JSD(P, mix) <= rho JSD(P, F)", 7, _contraction),
    Inequality("T13", "three rounds in square root", 12, _rounds),
    Inequality("T14", "three steps to the oracle", 12, _rounds),
    Inequality("T17", "moment lemma, x >= -ln 2", 2, _upper_moment),
    Inequality("T19", "JSD of counted rates <= JSD", 12, _rates),
    *(Inequality("T21", f"critic of {name}", 12, _variational(name)) for name in FENCHEL),
    Inequality("T22", "reward less beta KL <= beta ln Z", 13, _reward),
    Inequality("T25", "averages over seeds", 12, _seeds),
    Inequality("T28", "JSD of coins <= 4 g^2", 1, _coins, sharp=False),
    Inequality("T29", "moment lemma, x <= ln 2", 2, _lower_moment),
    Inequality("T31", "Gibbs mean of any claim <= JSD", 9, _gibbs),
    Inequality("T32", "k at the k-th largest <= sum", 16, _localised),
    Inequality("T37", "entropy gap <= TV ln(V-1) + h(TV)", 6, _entropies),
    Inequality("T38", "(p - q)^2 <= 2 JSD (p + q)(2 - p - q)", 6, _word),
)
"""Every inequality that parameters can attack. T7's optimum is a continuous curve: four symbols come close, not all the way."""


def attack(inequality: Inequality, rng: np.random.Generator, steps: int = 60) -> Found:
    """Gradient ascent (L-BFGS on minus the ratio) from random starts, scales from 0.1 to 5."""
    best, where, evaluations = -math.inf, np.zeros(inequality.size), 0

    def loss(z: Floats) -> float:
        return -inequality.ratio(z)

    for _ in range(inequality.starts):
        start = rng.normal(size=inequality.size) * 10.0 ** rng.uniform(-1, 0.7)
        bounds = [(-30.0, 30.0)] * inequality.size
        done = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
        evaluations += int(done.nfev)
        if -float(done.fun) > best:
            best, where = -float(done.fun), np.asarray(done.x)
    return Found(inequality, best, where, evaluations)


def search(theorem: str, rng: np.random.Generator) -> list[Found]:
    """The largest ratio found for every inequality of a theorem; empty where it states none."""
    return [attack(i, rng) for i in INEQUALITIES if i.theorem == theorem]
