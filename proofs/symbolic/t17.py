"""T17: the constant c = (ln 2)^2/(2 ln 2 - 1) and the monotonicity behind it."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step, true


def steps() -> list[Step]:
    """r(x) = (e^x - 1 - x)/x^2 is increasing, so on [-ln 2, 0) it is least at -ln 2, where it is 1/(2c)."""
    x, s = sp.symbols("x s", real=True)
    c = sp.log(2) ** 2 / (2 * sp.log(2) - 1)
    f = sp.exp(x) - 1 - x
    r = f / x**2
    n = x * sp.diff(f, x) - 2 * f  # x^3 r'(x)
    return [
        Step("r(-ln 2) = 1/(2c)", sp.simplify(r.subs(x, -sp.log(2))), 1 / (2 * c)),
        Step("x^3 r'(x) = x f' - 2 f", sp.simplify(sp.diff(r, x) * x**3), sp.expand(n)),
        Step("it vanishes at 0 with its first two derivatives: order 0", n.subs(x, 0), 0),
        Step("order 1", sp.diff(n, x).subs(x, 0), 0),
        Step("order 2", sp.diff(n, x, 2).subs(x, 0), 0),
        Step(
            "and its second derivative is x e^x, of the sign of x: r' >= 0 on both sides",
            sp.diff(n, x, 2),
            x * sp.exp(x),
        ),
        Step(
            "for l x <= 0: e^{lx} - 1 - lx = (lx)^2/2 + O(x^3)",
            sp.series(sp.exp(s * x) - 1 - s * x, x, 0, 3).removeO(),
            s**2 * x**2 / 2,
        ),
        true("c > 1, so x >= 0 is covered by convexity of exp", sp.N(c, 30) > 1),
        Step(
            "solving (F <= Fhat + level/(2 l N) + c l F) for F",
            sp.solve(sp.Symbol("F") - sp.Symbol("B") - c * s * sp.Symbol("F"), sp.Symbol("F"))[0],
            sp.Symbol("B") / (1 - c * s),
        ),
    ]
