"""T6 and T8: the binary divergence, its slopes, and its series: at a small budget the ROC rises by sqrt(8 a (1-a) eps)."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """J(a, b) = JSD(Bern(a), Bern(b)); the trade-off's slope is -(dJ/da)/(dJ/db)."""
    a, b = sp.symbols("a b", positive=True)
    e = sp.Symbol("e", positive=True)
    d = sp.Symbol("d")
    m = (a + b) / 2

    def half(x: sp.Expr, y: sp.Expr) -> sp.Expr:
        return x * (sp.log(x) - sp.log(y)) / 2

    j = half(a, m) + half(b, m) + half(1 - a, 1 - m) + half(1 - b, 1 - m)
    by_b = (sp.log(b) - sp.log(m) - sp.log(1 - b) + sp.log(1 - m)) / 2
    small = sp.series(j.subs(b, a + d), d, 0, 3).removeO()
    return [
        Step("J(a, a) = 0", j.subs(b, a), 0),
        Step("dJ/db = (ln(b/m) - ln((1-b)/(1-m)))/2", sp.diff(j, b), by_b),
        Step("which vanishes at b = a: J grows from there", by_b.subs(b, a), 0),
        Step("the same with the outcomes exchanged", j.subs({a: 1 - a, b: 1 - b}, simultaneous=True), j),
        Step("J(a, a + d) = d^2/(8 a (1-a)) + O(d^3)", small, d**2 / (8 * a * (1 - a))),
        Step("so a budget e buys d = sqrt(8 a (1-a) e)", small.subs(d, sp.sqrt(8 * a * (1 - a) * e)), e),
        Step("at a = 1/2 that is the accuracy bound, sqrt(2 e)", sp.sqrt(8 * sp.Rational(1, 4) * e), sp.sqrt(2 * e)),
    ]
