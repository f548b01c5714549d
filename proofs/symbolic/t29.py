"""T29: the slope c_l of the lower end is attained at ln 2, and the ratio behind it increases."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """(e^{lx} - 1 - lx)/(e^{-x} - 1 + x) at x = ln 2; second order at 0; and the compensation identity."""
    x = sp.Symbol("x", real=True)
    s = sp.Symbol("s", positive=True)
    p, q, a, b = sp.symbols("p q a b", positive=True)
    above, below = sp.exp(s * x) - 1 - s * x, sp.exp(-x) - 1 + x
    m, n = (p + q) / 2, (a + b) / 2
    return [
        Step("numerator at ln 2", above.subs(x, sp.log(2)), 2**s - 1 - s * sp.log(2)),
        Step("denominator at ln 2", below.subs(x, sp.log(2)), sp.log(2) - sp.Rational(1, 2)),
        Step(
            "ratio -> l^2 at 0",
            sp.limit(sp.series(above, x, 0, 4).removeO() / sp.series(below, x, 0, 4).removeO(), x, 0),
            s**2,
        ),
        Step(
            "c_l is convex in l: second derivative (ln 2)^2 2^l/(ln 2 - 1/2)",
            sp.diff((2**s - 1 - s * sp.log(2)) / (sp.log(2) - sp.Rational(1, 2)), s, 2),
            sp.log(2) ** 2 * 2**s / (sp.log(2) - sp.Rational(1, 2)),
        ),
        Step(
            "compensation: a ln(a/m) + b ln(b/m) = a ln(a/n) + b ln(b/n) + 2n ln(n/m)",
            a * sp.log(a / m) + b * sp.log(b / m),
            a * sp.log(a / n) + b * sp.log(b / n) + 2 * n * sp.log(n / m),
        ),
        Step("split: a ln(a/m) = a ln(a/p) + a ln(p/m)", a * sp.log(a / m), a * sp.log(a / p) + a * sp.log(p / m)),
    ]
