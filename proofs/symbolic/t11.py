"""T11: one more token: the joint divergence is that of the first token plus the mixture's mean of the second's at the running posterior."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """P(x, y) = p r, Q(x, y) = q s with r, s conditional; arm weights v = 1-w and w."""
    p, q, r, s, v, w = sp.symbols("p q r s v w", positive=True)
    first = v * p + w * q
    both = v * p * r + w * q * s
    posterior, rest = w * q / first, v * p / first
    second = rest * r + posterior * s
    joint = v * p * r * sp.log(p * r / both) + w * q * s * sp.log(q * s / both)
    of_first = v * p * r * sp.log(p / first) + w * q * s * sp.log(q / first)
    of_second = rest * r * sp.log(r / second) + posterior * s * sp.log(s / second)
    return [
        Step(
            "mixture of the pair = mixture of the first x conditional mixture at the posterior",
            both,
            sp.simplify(first * second),
        ),
        Step(
            "ln of the pair's ratio splits (arm 0)",
            sp.log(p * r / both),
            sp.log(p / first) + sp.log(r / (both / first)),
        ),
        Step(
            "ln of the pair's ratio splits (arm 1)",
            sp.log(q * s / both),
            sp.log(q / first) + sp.log(s / (both / first)),
        ),
        Step("joint term = first's share + mixture mass x second's term", joint, of_first + first * of_second),
    ]
