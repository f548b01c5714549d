"""T31: the residual Z - eta of one symbol has mean 0; a claim's mean log-probability falls short of the divergence by a KL divergence."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """One symbol with p = P(x), q = Q(x), equal priors; c is a claimed posterior of arm 1, f any value of f(eta)."""
    p, q, f, c, d = sp.symbols("p q f c d", positive=True)  # d = 1 - c, kept apart so that its logarithm stays real
    m = (p + q) / 2
    eta, zeta = q / (p + q), p / (p + q)
    divergence = p / 2 * sp.log(p / m) + q / 2 * sp.log(q / m)
    gibbs = p / 2 * (sp.log(2) + sp.log(d)) + q / 2 * (sp.log(2) + sp.log(c))
    shortfall = zeta * sp.log(zeta / d) + eta * sp.log(eta / c)
    formula = sp.log(2) + c * sp.log(c) + d * sp.log(d)
    # At c = eta - e, the shortfall to second order.
    e, t = sp.Symbol("e", real=True), sp.Symbol("t", positive=True)
    near = (1 - t) * sp.log((1 - t) / (1 - t + e)) + t * sp.log(t / (t - e))
    return [
        Step("the residual of one symbol: q/2 (1 - eta) f - p/2 eta f = 0", q / 2 * (1 - eta) * f - p / 2 * eta * f, 0),
        Step("f = 1: the mean posterior is the share of arm 1", m * eta, q / 2),
        Step("f = sign(2 eta - 1): m |2 eta - 1| is |q - p|/2, here for q > p", m * (2 * eta - 1), (q - p) / 2),
        Step(
            "the divergence is the Gibbs term at the exact posterior",
            divergence,
            gibbs.subs({c: eta, d: zeta}, simultaneous=True),
        ),
        Step(
            "any claim: divergence less Gibbs term = m KL(eta | claim), never negative",
            divergence - gibbs,
            m * shortfall,
        ),
        Step(
            "near the exact posterior the shortfall is e^2/(2 eta (1 - eta))",
            sp.series(near, e, 0, 3).removeO(),
            e**2 / (2 * t * (1 - t)),
        ),
        Step(
            "arm 1: the certificate's formula exceeds the Gibbs term by -(1 - c) logit c",
            sp.expand((formula - sp.log(2) - sp.log(c)).subs(c, 1 - d)),
            sp.expand(-d * (sp.log(1 - d) - sp.log(d))),
        ),
        Step(
            "arm 0: by -(0 - c) logit c",
            sp.expand((formula - sp.log(2) - sp.log(d)).subs(d, 1 - c)),
            sp.expand(c * (sp.log(c) - sp.log(1 - c))),
        ),
    ]
