"""T2: one symbol's share is 0 at equality, convex in both masses together (its Hessian is a perfect square), and h(w) in all when disjoint."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """g(p, q) = v p ln(p/m) + w q ln(q/m), m = v p + w q, v + w = 1."""
    p, q, w, v = sp.symbols("p q w v", positive=True)
    m = v * p + w * q
    g = v * p * sp.log(p / m) + w * q * sp.log(q / m)
    hessian = sp.hessian(g, (p, q))
    x, y = sp.symbols("x y", real=True)
    curve = (sp.Matrix([[x, y]]) * hessian * sp.Matrix([x, y]))[0]
    return [
        Step("at equality (v + w = 1) the term is 0", g.subs({q: p, v: 1 - w}), 0),
        Step("homogeneous of degree 1", g.subs({p: 2 * p, q: 2 * q}, simultaneous=True), 2 * g),
        Step("d/dp is v ln(p/m): the terms through m cancel", sp.diff(g, p), v * sp.log(p / m)),
        Step(
            "second order: v w (q x - p y)^2/(p q m) >= 0, so jointly convex",
            curve,
            v * w * (q * x - p * y) ** 2 / (p * q * m),
        ),
        Step("no mass in arm 1: the share is v p ln(1/v)", sp.limit(g, q, 0, "+"), -v * p * sp.log(v)),
        Step(
            "no mass in arm 0: the share is w q ln(1/w); over an alphabet they add up to h(w)",
            sp.limit(g, p, 0, "+"),
            -w * q * sp.log(w),
        ),
    ]
