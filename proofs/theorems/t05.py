"""T5: accuracy."""

from __future__ import annotations

import numpy as np

from mari_theory import (
    jensen_shannon,
    max_accuracy,
    max_accuracy_closed_form,
    max_total_variation,
    phi,
    total_variation,
)
from mari_theory.enclosures.balls import total_variation_enclosure
from mari_theory.enclosures.bounds import max_accuracy_enclosure
from mari_theory.families import binary_erasure, binary_symmetric
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import budgets, inside, sharp_from_above
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.figures import BAND, BOUND, POINTS, Axes, Drawing, figure_pairs, label
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, excess_over_half, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """phi, the lower end of the divergence at a total variation t: attained by the symmetric channel; its series and convexity.

    phi(t) = ((1+t) ln(1+t) + (1-t) ln(1-t))/2.
    """
    import sympy as sp

    def abs_value(x: sp.Expr) -> sp.Expr:
        x = sp.expand(x)
        return x if sp.simplify(x).is_positive else -x

    t = sp.Symbol("t", positive=True)
    phi = ((1 + t) * sp.log(1 + t) + (1 - t) * sp.log(1 - t)) / 2
    flip = (1 - t) / 2
    rows = ((1 - flip, flip), (flip, 1 - flip))
    half = sp.Rational(1, 2)
    channel = sum(half * x * sp.log(x / half) for row in rows for x in row)
    series = sum(t ** (2 * k) / (2 * k * (2 * k - 1)) for k in range(1, 6))
    erasure = t * sp.log(2)
    return [
        Step(
            "the rows of a symmetric channel are t apart",
            sum(abs_value(a - b) for a, b in zip(*rows, strict=True)) / 2,
            t,
        ),
        Step("and their divergence is phi(t)", channel, phi),
        Step("phi' is half the log-ratio", sp.diff(phi, t), (sp.log(1 + t) - sp.log(1 - t)) / 2),
        Step("phi'' = 1/(1 - t^2) >= 1, so phi(t) >= t^2/2", sp.diff(phi, t, 2), 1 / (1 - t**2)),
        Step("phi(t) = sum t^2k / (2k (2k-1)) to order 10", sp.series(phi, t, 0, 11).removeO(), series),
        Step("phi(1) = ln 2, the largest divergence", sp.limit(phi, t, 1, "-"), sp.log(2)),
        Step("an erasure channel has divergence t ln 2", half * t * sp.log(2) * 2, erasure),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """phi(TV) <= JSD <= TV ln 2, both attained; the budget's accuracy is attained by a symmetric channel."""
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


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """max_accuracy is above the enclosed inverse and within 1e-9 of it."""
    samples = budgets(rng, cases)
    bounds = max_accuracy(np.array(samples)).tolist()
    ok = all(sharp_from_above(b, max_accuracy_enclosure(j)) for j, b in zip(samples, bounds, strict=True))
    p, q = random_pairs(rng, cases)
    for a, b in zip(p, q, strict=True):
        ok &= inside(float(total_variation(a, b)), total_variation_enclosure(a, b), 1e-9)
    return Outcome(ok, None, "inverse of phi, total variation")


def _phi_below(z: Floats) -> float:
    p, q = laws_at(z, 3)
    return over(float(phi(min(float(total_variation(p, q)), 1.0))), divergence(p, q))


def _below_total_variation(z: Floats) -> float:
    p, q = laws_at(z, 3)
    return over(divergence(p, q), LN2 * float(total_variation(p, q)))


def _closed_form(z: Floats) -> float:
    p, q = laws_at(z, 3)
    value = divergence(p, q)
    return over(float(total_variation(p, q)) ** 2, 2 * value)


def _likelier_arm() -> float:
    return 0.9 / float(max_accuracy(0.0))


def _draw(axes: Axes, rng: np.random.Generator) -> None:
    p, q, value = figure_pairs(rng)
    tv = np.minimum(total_variation(p, q), 1.0)
    grid = np.linspace(0, 1, 200)
    axes.fill_between(grid, phi(grid), grid * LN2, color=BAND, lw=0)
    axes.plot(tv, value, ".", color=POINTS, ms=2.5)
    marks = np.linspace(0.1, 0.9, 5)
    axes.plot(marks, [binary_symmetric((1 - t) / 2).jsd() for t in marks], "*", color=BOUND, ms=9)
    axes.plot(marks, [binary_erasure(1 - t).jsd() for t in marks], "*", color=BOUND, ms=9)
    label(axes, "total variation", "JSD (nats)")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(
        Inequality("phi(TV) <= JSD", 6, _phi_below),
        Inequality("JSD <= TV ln 2", 6, _below_total_variation),
        Inequality("TV^2 <= 2 JSD", 6, _closed_form),
    ),
    dropped=(Dropped("equal priors", "a prior of 0.9 and equal arms: guess the likelier", _likelier_arm),),
    formal=Formal(
        "T05_Accuracy",
        (
            "T5_lower",
            "T5_upper",
            "T5_any_detector",
            "T5_best_detector",
            "T5_closed_form",
            "T5_sharp_accuracy",
            "T5_lower_attained",
            "T5_upper_attained",
        ),
    ),
    mutations=(
        Mutation("LN2", scaled(0.99)),
        Mutation("max_total_variation", scaled(0.99)),
        Mutation("phi", scaled(1.01)),
        Mutation("max_accuracy", excess_over_half(0.99)),
        Mutation("max_accuracy", excess_over_half(0.99), "enclosure"),
    ),
    figure=Drawing(
        _draw, "Random pairs between the two ends; marks: symmetric channels (lower), erasure channels (upper)."
    ),
)
