"""T28: access."""

from __future__ import annotations

import numpy as np
from flint import arb
from scipy.special import expit

from mari_theory import jensen_shannon, max_accuracy, phi, total_variation
from mari_theory.enclosures.balls import binary_jsd_ball, phi_ball, precision
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The divergence of two nearly fair coins is of second order, while their probabilities differ at first order.

    P = Bernoulli(1/2 - g), Q = Bernoulli(1/2 + g).
    """
    import sympy as sp

    g = sp.Symbol("g", positive=True)
    p, q, half = sp.Rational(1, 2) - g, sp.Rational(1, 2) + g, sp.Rational(1, 2)
    j = (p * sp.log(p / half) + q * sp.log(q / half)) / 2 * 2
    phi = ((1 + 2 * g) * sp.log(1 + 2 * g) + (1 - 2 * g) * sp.log(1 - 2 * g)) / 2
    return [
        Step("the mixture is a fair coin", (p + q) / 2, half),
        Step("JSD = phi(2g)", j, phi),
        Step("= 2 g^2 + 4 g^4/3 + O(g^6)", sp.series(phi, g, 0, 6).removeO(), 2 * g**2 + sp.Rational(4, 3) * g**4),
        Step("one sampled answer: advantage 2g", q - p, 2 * g),
        Step(
            "probabilities themselves: the ratio q/p = 1 + 4g + O(g^2) is seen with certainty",
            sp.series(q / p, g, 0, 2).removeO(),
            1 + 4 * g,
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """1/2 - g against 1/2 + g has JSD phi(2g) <= 4 g^2, though the two probabilities differ."""
    worst = 0.0
    for g in (1e-6, 1e-3, 0.1, 0.4):
        p, q = np.array([0.5 - g, 0.5 + g]), np.array([0.5 + g, 0.5 - g])
        value = float(jensen_shannon(p, q))
        if abs(value / float(phi(2 * g)) - 1) > 1e-9 or float(total_variation(p, q)) <= 0:
            return Outcome(False, None, f"g = {g}")
        worst = max(worst, value / (4 * g * g))
    return Outcome(worst <= 1.0, worst, "largest JSD over 4 g^2 (1/2 as g -> 0)")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """phi(2g) in balls is at most 4 g^2 down to g = 1e-12, where floats cannot say."""
    ok = True
    with precision(256):
        for g in (1e-12, 1e-6, 0.01, 0.4):
            ok &= bool(phi_ball(2 * arb(g)) <= 4 * arb(g) ** 2)
            ok &= bool(binary_jsd_ball(arb(1) / 2 - arb(g), arb(1) / 2 + arb(g)).overlaps(phi_ball(2 * arb(g))))
    return Outcome(ok, None, "g from 1e-12 to 0.4")


def _coins(z: Floats) -> float:
    g = 0.5 * float(expit(z[0]))
    return over(float(phi(2 * g)), 4 * g * g)


def _visible_probabilities() -> float:
    g = 1e-6
    p = np.array([0.5 - g, 0.5 + g])
    return 1.0 / float(max_accuracy(float(jensen_shannon(p, p[::-1]))))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("JSD of coins <= 4 g^2", 1, _coins, sharp=False),),
    dropped=(Dropped("the adversary sees one sampled answer", "one who reads probabilities", _visible_probabilities),),
    formal=Formal("T26_Constructions", ("T28_access",)),
    mutations=(
        Mutation("phi", scaled(1.01)),
        Mutation("phi_ball", scaled(2.01), "enclosure"),
    ),
)
