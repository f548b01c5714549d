"""T1: the mutual information between output and arm, symbol by symbol, is the weighted Jensen-Shannon term and h(w) - h(eta) on average."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """For one symbol with p = P(x), q = Q(x), arm weights 1-w and w."""
    p, q, w = sp.symbols("p q w", positive=True)
    v = sp.Symbol("v", positive=True)  # 1 - w, kept apart so that logarithms of it stay real
    m = v * p + w * q
    eta, zeta = w * q / m, v * p / m  # the posteriors of arm 1 and arm 0
    information = v * p * sp.log(v * p / (m * v)) + w * q * sp.log(w * q / (m * w))
    divergence = v * p * sp.log(p / m) + w * q * sp.log(q / m)
    entropy_of_posterior = -eta * sp.log(eta) - zeta * sp.log(zeta)
    return [
        Step("the joint law has margins m and (1-w, w)", v * p + w * q, m),
        Step("joint ln(joint/product of margins) = weighted KL to the mixture", information, divergence),
        Step("the posteriors sum to 1", sp.simplify(eta + zeta), 1),
        Step("ln(p/m) = ln(posterior of arm 0) - ln(1-w)", sp.log(p / m), sp.log(zeta) - sp.log(v)),
        Step("ln(q/m) = ln(posterior of arm 1) - ln w", sp.log(q / m), sp.log(eta) - sp.log(w)),
        Step(
            "term = -m h(eta) - (1-w) p ln(1-w) - w q ln w; the last two sum to h(w) over the alphabet",
            divergence,
            -m * entropy_of_posterior - v * p * sp.log(v) - w * q * sp.log(w),
        ),
    ]
