"""T21: Fenchel conjugates on their domains, and equality at the optimal critic f'(t), for every divergence of FLAT."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step, true

t = sp.Symbol("t", positive=True)
u = sp.Symbol("u", real=True)

PAIRS: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "KL": (t * sp.log(t), sp.exp(u - 1)),
    "reverse KL": (-sp.log(t), -1 - sp.log(-u)),
    "Pearson": ((t - 1) ** 2, u**2 / 4 + u),
    "Neyman": ((1 - t) ** 2 / t, 2 - 2 * sp.sqrt(1 - u)),
    "squared Hellinger": ((sp.sqrt(t) - 1) ** 2, u / (1 - u)),
    "Jensen-Shannon": (t * sp.log(2 * t / (1 + t)) + sp.log(2 / (1 + t)), -sp.log(2 - sp.exp(u))),
    "Jeffreys": ((t - 1) * sp.log(t), None),
}
"""f and its conjugate f*(u) = sup_t (u t - f(t)); total variation is linear and done by hand, Jeffreys' conjugate by Lambert's W."""


def steps() -> list[Step]:
    """f(1) = 0, convexity, and Young's equality u t = f(t) + f*(u) at u = f'(t)."""
    out = []
    for name, (f, conjugate) in PAIRS.items():
        slope = sp.diff(f, t)
        out.append(Step(f"{name}: f(1) = 0", f.subs(t, 1), 0))
        second = sp.factor(sp.simplify(sp.diff(f, t, 2)))
        out.append(true(f"{name}: f'' = {second} > 0", second.is_positive))
        if conjugate is None:
            # f*(u) = t + W-branch: at u = f'(t) = ln t + 1 - 1/t, u t - f = t + ln t - 1.
            out.append(Step(f"{name}: value at the optimum", slope * t - f, t + sp.log(t) - 1))
            continue
        out.append(Step(f"{name}: equality at u = f'(t)", slope * t - f, conjugate.subs(u, slope)))
    # Total variation |t - 1|/2: f* is the identity on [-1/2, 1/2] and infinite outside.
    out.append(Step("total variation: t > 1, u = 1/2", sp.Rational(1, 2) * t - (t - 1) / 2, sp.Rational(1, 2)))
    out.append(Step("total variation: t < 1, u = -1/2", -sp.Rational(1, 2) * t - (1 - t) / 2, -sp.Rational(1, 2)))
    return out
