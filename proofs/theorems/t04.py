"""T4: square root is a metric."""

from __future__ import annotations

import math

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step

TRIANGLE = 1.0
"""One side over the sum of the other two."""


def steps() -> list[Step]:
    """The calculus behind the triangle inequality: the slope of sqrt(L(x, 1)) increases on either side of 1.

    L(x, 1) = x b + a with a = ln(2/(1+x)), b = ln(2x/(1+x)); the slope is a/sqrt(L) up to a positive factor.
    """
    import sympy as sp

    x, r, p = sp.symbols("x r p", positive=True)
    a, b = sp.log(2) - sp.log(1 + x), sp.log(2) + sp.log(x) - sp.log(1 + x)
    whole = x * b + a
    numerator = 2 * whole + (1 + x) * a * b
    first = b + a * b + a / x
    second = -(b + a / x**2) / (1 + x)
    root = sp.sqrt(whole)
    two = p * sp.log(2 * p / (p + r)) + r * sp.log(2 * r / (p + r))
    return [
        Step("L(p, r) = r L(p/r, 1)", two, r * whole.subs(x, p / r)),
        Step("dL(p, r)/dr = a(p/r)", sp.diff(two, r), a.subs(x, p / r)),
        Step("dL(x, 1)/dx = b: negative below 1, positive above, so L > 0 off 1", sp.diff(whole, x), b),
        Step(
            "the slope's derivative is -N/(2 (1+x) L^(3/2))", sp.diff(a / root, x), -numerator / (2 * (1 + x) * root**3)
        ),
        Step("N' = b + ab + a/x", sp.diff(numerator, x), first),
        Step("N'' = -(b + a/x^2)/(1+x)", sp.diff(first, x), second),
        Step("N, N' and L vanish at 1", numerator.subs(x, 1) + first.subs(x, 1) + whole.subs(x, 1), 0),
        Step(
            "x^2 b + a = L + x (x-1) b: a sum of two positive terms off 1, so N'' < 0 and N < 0",
            x**2 * b + a,
            whole + x * (x - 1) * b,
        ),
        Step(
            "near 1 the divergence is (x-1)^2/4: the square root is locally a length",
            sp.series(whole, x, 1, 3).removeO(),
            (x - 1) ** 2 / 4,
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Triangle inequality of sqrt(JSD)."""
    p, q = random_pairs(rng, cases, 4)
    r, _ = random_pairs(rng, cases, 4)
    sides = [np.sqrt(jensen_shannon(*pair)) for pair in ((p, r), (p, q), (q, r))]
    ok = bool(np.all(sides[0] <= TRIANGLE * (sides[1] + sides[2]) + SLACK))
    return Outcome(
        ok, float(np.max(sides[0] / np.maximum(sides[1] + sides[2], 1e-300))), "random triples; largest ratio found"
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Certain triangles: sqrt(JSD(p, r)) at most the sum of the two others, enclosures on the safe side."""
    p, q = random_pairs(rng, cases, 3)
    r, _ = random_pairs(rng, cases, 3)
    ok = True
    for a, b, c in zip(p, q, r, strict=True):
        side, one, two = (jensen_shannon_enclosure(x, y) for x, y in ((a, c), (a, b), (b, c)))
        ok &= math.sqrt(side[0]) <= (math.sqrt(one[1]) + math.sqrt(two[1])) * (1 + 1e-15)
    return Outcome(bool(ok), None, "random triples")


def _triangle(z: Floats) -> float:
    p, q, r = laws_at(z, 3)
    sides = [math.sqrt(divergence(*pair)) for pair in ((p, r), (p, q), (q, r))]
    return over(sides[0], sides[1] + sides[2])


def _weighted_triangle() -> float:
    p, r = np.eye(2)
    ratios = []
    for t in np.linspace(0.01, 0.99, 99):
        q = np.array([1 - t, t])
        side, one, two = (math.sqrt(float(jensen_shannon(a, b, 0.02))) for a, b in ((p, r), (p, q), (q, r)))
        ratios.append(side / (one + two))
    return max(ratios)


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("triangle of square roots", 9, _triangle),),
    dropped=(Dropped("w = 1/2", "w = 0.02, a law between two disjoint ones", _weighted_triangle),),
    formal=Formal("T04_Metric", ("T4_one_symbol", "T4_metric")),
    mutations=(Mutation("TRIANGLE", scaled(0.99)),),
)
