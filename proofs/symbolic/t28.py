"""T28: the divergence of two nearly fair coins is of second order, while their probabilities differ at first order."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """P = Bernoulli(1/2 - g), Q = Bernoulli(1/2 + g)."""
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
