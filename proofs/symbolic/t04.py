"""T4: the calculus behind the triangle inequality: the slope of sqrt(L(x, 1)) increases on either side of 1."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """L(x, 1) = x b + a with a = ln(2/(1+x)), b = ln(2x/(1+x)); the slope is a/sqrt(L) up to a positive factor."""
    x, r, p = sp.symbols("x r p", positive=True)
    a, b = sp.log(2) - sp.log(1 + x), sp.log(2) + sp.log(x) - sp.log(1 + x)
    whole = x * b + a
    numerator = 2 * whole + (1 + x) * a * b
    first = b + a * b + a / x
    second = -(b + a / x**2) / (1 + x)
    root = sp.sqrt(whole)
    two = p * sp.log(2 * p / (p + r)) + r * sp.log(2 * r / (p + r))
    return [
        Step("L(p, r) = r L(p/r, 1)", two, r * whole.subs(x, p / r)),
        Step("dL(p, r)/dr = a(p/r)", sp.diff(two, r), a.subs(x, p / r)),
        Step("dL(x, 1)/dx = b: negative below 1, positive above, so L > 0 off 1", sp.diff(whole, x), b),
        Step(
            "the slope's derivative is -N/(2 (1+x) L^(3/2))", sp.diff(a / root, x), -numerator / (2 * (1 + x) * root**3)
        ),
        Step("N' = b + ab + a/x", sp.diff(numerator, x), first),
        Step("N'' = -(b + a/x^2)/(1+x)", sp.diff(first, x), second),
        Step("N, N' and L vanish at 1", numerator.subs(x, 1) + first.subs(x, 1) + whole.subs(x, 1), 0),
        Step(
            "x^2 b + a = L + x (x-1) b: a sum of two positive terms off 1, so N'' < 0 and N < 0",
            x**2 * b + a,
            whole + x * (x - 1) * b,
        ),
        Step(
            "near 1 the divergence is (x-1)^2/4: the square root is locally a length",
            sp.series(whole, x, 1, 3).removeO(),
            (x - 1) ** 2 / 4,
        ),
    ]
