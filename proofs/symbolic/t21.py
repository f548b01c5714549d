"""T21: Fenchel conjugates on their domains, and equality at the optimal critic f'(t), for every divergence of FLAT."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step, true

t = sp.Symbol("t", positive=True)
s = sp.Symbol("s", positive=True)
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

DOMAINS: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "KL": (-sp.oo, sp.oo),
    "reverse KL": (-sp.oo, sp.Integer(0)),
    "Pearson": (sp.Integer(-2), sp.oo),
    "Neyman": (-sp.oo, sp.Integer(1)),
    "squared Hellinger": (-sp.oo, sp.Integer(1)),
    "Jensen-Shannon": (-sp.oo, sp.log(2)),
    "Jeffreys": (-sp.oo, sp.oo),
}
"""Where f* is finite and attained: the slopes of f. (Pearson's f* is -1 below -2, where the supremum sits at t = 0.)"""


def steps() -> list[Step]:
    """f(1) = 0, convexity, and Young's equality u t = f(t) + f*(u) at u = f'(t)."""
    out = []
    for name, (f, conjugate) in PAIRS.items():
        slope = sp.simplify(sp.diff(f, t))
        out.append(Step(f"{name}: f(1) = 0", f.subs(t, 1), 0))
        second = sp.factor(sp.simplify(sp.diff(f, t, 2)))
        out.append(true(f"{name}: f'' = {second} > 0", second.is_positive))
        # f is strictly convex, so u t - f(t) is largest where f'(t) = u; the slopes cover the whole domain of f*.
        low, high = DOMAINS[name]
        out.append(true(f"{name}: f'(0+) = {low}", sp.limit(slope, t, 0, "+") == low))
        out.append(true(f"{name}: f'(infinity) = {high}", sp.limit(slope, t, sp.oo) == high))
        if name == "Jeffreys":
            # With s = 1/t, u = 1 - s - ln s: s is Lambert's W at e^(1-u), and the supremum is 1/s + s + u - 2.
            at = slope.subs(t, 1 / s)
            out.append(Step("Jeffreys: s + ln s = 1 - u at the supremum", s + sp.log(s), 1 - at))
            out.append(Step("Jeffreys: u t - f(t) there", (slope * t - f).subs(t, 1 / s), 1 / s + s + at - 2))
            out.append(
                Step(
                    "Jeffreys: the conjugate's slope is t = 1/s", sp.diff(1 / s + s + at - 2, s) / sp.diff(at, s), 1 / s
                )
            )
            continue
        out.append(Step(f"{name}: equality at u = f'(t)", slope * t - f, conjugate.subs(u, slope)))
        out.append(Step(f"{name}: the conjugate's slope gives t back", sp.diff(conjugate, u).subs(u, slope), t))
    # Total variation |t - 1|/2: f* is the identity on [-1/2, 1/2] and infinite outside.
    out.append(Step("total variation: t > 1, u = 1/2", sp.Rational(1, 2) * t - (t - 1) / 2, sp.Rational(1, 2)))
    out.append(Step("total variation: t < 1, u = -1/2", -sp.Rational(1, 2) * t - (1 - t) / 2, -sp.Rational(1, 2)))
    return out
