"""T30: the bias of the plug-in entropy is a divergence, at most ln(1 + chi-square's mean); the largest step by one symbol."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """Three symbols with law (a, b, 1-a-b), frequencies x, y, z of n draws."""
    a, b, n, x, y, z = sp.symbols("a b n x y z", positive=True)
    c = 1 - a - b
    laws, seen = (a, b, sp.Symbol("c", positive=True)), (x, y, z)
    entropy = -sum(f * sp.log(f) for f in seen)
    cross = -sum(f * sp.log(p) for f, p in zip(seen, laws, strict=True))
    divergence = sum(f * sp.log(f / p) for f, p in zip(seen, laws, strict=True))
    mean_square = sum(p * (1 - p) / n / p for p in (a, b, c))
    k = sp.Symbol("k", positive=True)
    cell = -k / n * sp.log(k / n)
    return [
        Step(
            "cross entropy (of mean H) - plug-in entropy = KL(frequencies | law): the bias is its mean",
            cross - entropy,
            divergence,
        ),
        Step("mean chi-square: sum Var(x_i)/p_i = (K-1)/n", mean_square, 2 / n),
        Step(
            "sum x_i^2/p_i = 1 + chi-square, so KL <= ln(1 + chi-square) by Jensen (ln is concave: second derivative)",
            sp.diff(sp.log(1 + x), x, 2),
            -1 / (1 + x) ** 2,
        ),
        Step(
            "a cell's share is concave in its count: steps are largest at the ends", sp.diff(cell, k, 2), -1 / (n * k)
        ),
        Step("one symbol into an empty cell: ln(n)/n", cell.subs(k, 1), sp.log(n) / n),
        Step("one symbol out of a full cell", cell.subs(k, n - 1), -(n - 1) / n * sp.log((n - 1) / n)),
        Step(
            "both together for large n: (ln n + 1)/n to first order",
            sp.limit(n * (-(n - 1) / n * sp.log((n - 1) / n)), n, sp.oo),
            1,
        ),
    ]
