"""T23: gradient ascent is unbounded, NPO bounded."""

from __future__ import annotations

import numpy as np

from mari_theory.units import LN2
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step


def steps() -> list[Step]:
    """Gradient ascent is unbounded below; NPO is bounded and has gradient ascent's gradient as beta -> 0, up to scale.

    x = ln pi(y) <= 0 is the model's log-likelihood, x0 the reference's; NPO = (2/beta) ln(1 + (pi/pi_ref)^beta).
    """
    import sympy as sp

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


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """0 < NPO, and x <= NPO - (2/beta) ln 2 <= x + beta x^2/4 for log-ratios x, so beta -> 0 is gradient ascent."""
    x = rng.normal(size=cases) * 3
    ok = True
    worst = 0.0
    for beta in (1e-3, 0.1, 1.0, 10.0):
        npo = 2 / beta * np.logaddexp(0.0, beta * x)
        gap = npo - 2 / beta * LN2 - x
        ok &= bool(np.all(npo >= 0) and np.all(gap >= -1e-9 / beta) and np.all(gap <= beta * x**2 / 4 + 1e-9 / beta))
        small = np.abs(x) > 1
        worst = max(worst, float(np.max(gap[small] / (beta * x[small] ** 2 / 4)))) if beta <= 0.1 else worst
    return Outcome(ok, worst, "random log-ratios; largest gap over beta x^2/4")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    formal=Formal("T21_Methods", ("T23_ascent_has_no_floor", "T23_NPO_floor", "T23_NPO_is_ascent_in_the_limit")),
    mutations=(Mutation("LN2", scaled(1.01)),),
    absent={
        "enclosure": "limits, not numbers",
        "search": "one variable: the random log-ratios cover its range",
        "dropped": "assumes nothing",
    },
)
