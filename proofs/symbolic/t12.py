"""T12: mixing by a share: exact in total variation, at most linear in the divergence, quadratic at small shares."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """q = (1-rho) p + rho f, one symbol."""
    p, f, rho, w = sp.symbols("p f rho w", positive=True)
    q = (1 - rho) * p + rho * f
    m = (1 - w) * p + w * q
    g = (1 - w) * p * sp.log(p / m) + w * q * sp.log(q / m)
    return [
        Step("the gap shrinks by rho exactly", q - p, rho * (f - p)),
        Step("at share 0 nothing is added", g.subs(rho, 0), 0),
        Step("nor to first order: d/drho at 0 is w (f - p) ln(p/p) = 0", sp.diff(g, rho).subs(rho, 0), 0),
        Step(
            "second order: rho^2 w (1-w) (f-p)^2/(2p), the chi-square share",
            sp.diff(g, rho, 2).subs(rho, 0),
            w * (1 - w) * (f - p) ** 2 / p,
        ),
        Step(
            "at share 1 it is the forget law's own share",
            g.subs(rho, 1),
            (1 - w) * p * sp.log(p / ((1 - w) * p + w * f)) + w * f * sp.log(f / ((1 - w) * p + w * f)),
        ),
        Step(
            "convex in rho: second derivative w (1-w) p (f-p)^2/(q m) >= 0; with 0 at 0, g(rho) <= rho g(1)",
            sp.diff(g, rho, 2),
            w * (1 - w) * p * (f - p) ** 2 / (q * m),
        ),
    ]
