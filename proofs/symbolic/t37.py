"""T37: where the bound t ln(V-1) + h(t) peaks, what it is there, and the pair that attains it."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """t the total variation, u = V - 1 > 0 the other symbols."""
    t, u, r = sp.symbols("t u r", positive=True)  # r = 1 - t, kept apart so that its logarithm stays real
    bound = t * sp.log(u) - t * sp.log(t) - (1 - t) * sp.log(1 - t)
    peak = u / (1 + u)
    spread = u * (-(t / u) * sp.log(t / u)) - (1 - t) * sp.log(1 - t)
    m, s, a = sp.symbols("m s a", positive=True)
    whole = m + s
    return [
        Step("slope of the bound: ln((V-1)(1-t)/t)", sp.diff(bound, t), sp.log(u) + sp.log(1 - t) - sp.log(t)),
        Step("zero at t = 1 - 1/V", sp.log(u) + sp.log(1 / (1 + u)) - sp.log(peak), 0),
        Step(
            "second derivative -1/(t(1-t)): it rises before and falls after", sp.diff(bound, t, 2), -1 / (t * (1 - t))
        ),
        Step(
            "at the peak it is ln V",
            sp.expand_log(peak * sp.log(u) - peak * sp.log(peak) + sp.log(1 + u) / (1 + u), force=True),
            sp.log(1 + u),
        ),
        Step("attained: entropy of 1 - t on one symbol and t/(V-1) on each other", spread, bound),
        Step(
            "proof, what the laws share: (m+s) ln(m+s) less its parts is minus their divergences from m+s",
            m * sp.log(m / whole) + s * sp.log(s / whole),
            m * sp.log(m) + s * sp.log(s) - whole * sp.log(whole),
        ),
        Step(
            "proof, the log-sum over the alphabet leaves -h(t) of shared mass 1-t and rest t",
            (r * sp.log(r) + t * sp.log(t)).subs(r, 1 - t),
            -(bound - t * sp.log(u)),
        ),
        Step(
            "proof, the rest of P spread over V - 1 symbols: -t ln(t/(V-1)), of Q on one: -t ln t",
            -u * (t / u) * sp.log(t / u) + t * sp.log(t),
            t * sp.log(u),
        ),
        Step(
            "the rest of Q, a symbol of share a <= 1: -(ta) ln(ta) exceeds -(ta) ln t by -ta ln a",
            -t * a * sp.log(t * a) + t * a * sp.log(t),
            -t * a * sp.log(a),
        ),
    ]
