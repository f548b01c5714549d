"""T23: gradient ascent is unbounded below; NPO is bounded and has gradient ascent's gradient as beta -> 0, up to scale."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """x = ln pi(y) <= 0 is the model's log-likelihood, x0 the reference's; NPO = (2/beta) ln(1 + (pi/pi_ref)^beta)."""
    x, x0 = sp.symbols("x x0", real=True)
    beta = sp.Symbol("beta", positive=True)
    ascent = x
    npo = 2 / beta * sp.log(1 + sp.exp(beta * (x - x0)))
    gradient = sp.diff(npo, x)
    return [
        Step("gradient ascent pulls with slope 1 for ever: no floor", sp.diff(ascent, x), 1),
        Step("NPO's floor is 0", sp.limit(npo, x, -sp.oo), 0),
        Step("NPO's gradient is twice a logistic weight", gradient, 2 / (1 + sp.exp(-beta * (x - x0)))),
        Step("which fades as the answer is forgotten", sp.limit(gradient, x, -sp.oo), 0),
        Step("and tends to 1, gradient ascent's, as beta -> 0", sp.limit(gradient, beta, 0), 1),
        Step("NPO - (2 ln 2)/beta -> x - x0 as beta -> 0", sp.limit(npo - 2 * sp.log(2) / beta, beta, 0), x - x0),
    ]
