"""T15: three functions of the posterior whose means over the mixture are the divergence, the total variation and the squared Hellinger distance."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """One symbol: m = (p+q)/2, eta = q/(p+q); with d = ln(q/p)/2 the terms are d tanh d - ln cosh d, tanh|d|, 1 - 1/cosh d."""
    p, q, d = sp.symbols("p q d", positive=True)
    m, eta = (p + q) / 2, q / (p + q)
    rest = p / (p + q)
    term = sp.log(2) + eta * sp.log(eta) + rest * sp.log(rest)
    up = sp.exp(d) / (sp.exp(d) + sp.exp(-d))
    down = sp.exp(-d) / (sp.exp(d) + sp.exp(-d))
    in_d = sp.log(2) + up * (d - sp.log(sp.exp(d) + sp.exp(-d))) + down * (-d - sp.log(sp.exp(d) + sp.exp(-d)))
    tanh, cosh = (sp.exp(d) - sp.exp(-d)) / (sp.exp(d) + sp.exp(-d)), (sp.exp(d) + sp.exp(-d)) / 2
    return [
        Step("m (ln 2 - h(eta)) is the divergence's share", m * term, p * sp.log(p / m) / 2 + q * sp.log(q / m) / 2),
        Step("m (2 eta - 1) = (q - p)/2", m * (2 * eta - 1), (q - p) / 2),
        Step(
            "m (1 - 2 sqrt(eta (1-eta))) = (p+q)/2 - sqrt(pq)",
            m * (1 - 2 * sp.sqrt(p * q) / (p + q)),
            m - sp.sqrt(p * q),
        ),
        Step("in half log-ratios: d tanh d - ln cosh d", in_d, d * tanh - sp.log(cosh)),
        Step("2 eta - 1 = tanh d", up - down, tanh),
        Step("4 eta (1-eta) = 1/cosh^2 d", 4 * up * down, 1 / cosh**2),
        Step("a pair of rows, one from each arm: (p + q)/2 weighs each term", (p * term + q * term) / 2, m * term),
        Step("range: ln 2 - h is 0 at eta = 1/2", term.subs(q, p), 0),
    ]
