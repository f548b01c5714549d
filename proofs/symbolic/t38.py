"""T38: one symbol's share of the divergence is m phi(t), at least m t^2/2; the word and its complement together, and the roots."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step, true


def steps() -> list[Step]:
    """p and q the word's probabilities, m = (p + q)/2, t = (p - q)/(p + q), J the budget."""
    p, q, t, j = sp.symbols("p q t J", positive=True)
    d = sp.Symbol("d", real=True)
    m = (p + q) / 2
    share = p / 2 * sp.log(p / m) + q / 2 * sp.log(q / m)
    lean = (p - q) / (p + q)
    phi = ((1 + t) * sp.log(1 + t) + (1 - t) * sp.log(1 - t)) / 2
    as_phi = m / 2 * ((2 * p / (p + q)) * sp.log(2 * p / (p + q)) + (2 * q / (p + q)) * sp.log(2 * q / (p + q)))
    room = (p + q) * (2 - p - q)
    curve = d**2 - 2 * j * (2 * p + d) * (2 - 2 * p - d)
    quadratic = (1 + 2 * j) * d**2 - 4 * j * (1 - 2 * p) * d - 8 * j * p * (1 - p)
    root = (2 * j * (1 - 2 * p) + sp.sqrt(4 * j**2 * (1 - 2 * p) ** 2 + (1 + 2 * j) * 8 * j * p * (1 - p))) / (
        1 + 2 * j
    )
    return [
        Step("1 + t is 2p/(p+q)", 1 + lean, 2 * p / (p + q)),
        Step("1 - t is 2q/(p+q)", 1 - lean, 2 * q / (p + q)),
        Step("so the share is m phi(t)", share, as_phi),
        Step(
            "phi'' = 1/(1 - t^2), at least 1, and phi(0) = phi'(0) = 0: phi(t) >= t^2/2",
            sp.diff(phi, t, 2),
            1 / (1 - t**2),
        ),
        Step("phi and its slope vanish at 0", phi.subs(t, 0) + sp.diff(phi, t).subs(t, 0), 0),
        Step("m t^2/2 = (p-q)^2/(4(p+q))", m * lean**2 / 2, (p - q) ** 2 / (4 * (p + q))),
        Step(
            "word and complement: (p-q)^2 (1/(4(p+q)) + 1/(4(2-p-q))) = (p-q)^2/(2(p+q)(2-p-q))",
            (p - q) ** 2 / (4 * (p + q)) + (p - q) ** 2 / (4 * (2 - p - q)),
            (p - q) ** 2 / (2 * room),
        ),
        Step("(p+q)(2-p-q) is 1 less a square: hence (p-q)^2 <= 2J", room, 1 - (1 - p - q) ** 2),
        Step("and 2(p+q) less a square: hence (p-q)^2 <= 4J(p+q)", room, 2 * (p + q) - (p + q) ** 2),
        Step("at q = p + d: the quadratic", curve, quadratic),
        Step("its larger root is the library's step", quadratic.subs(d, root), 0),
        Step(
            "an absent word: 4J/(1 + 2J)",
            sp.simplify(root.subs(p, 0)),
            4 * j / (1 + 2 * j),
        ),
        Step("sharp there: from below 2J/ln 2, a factor of 2 ln 2", 4 * j / (2 * j / sp.log(2)), 2 * sp.log(2)),
        true("2 ln 2 lies in (1.386, 1.387)", sp.And(sp.N(2 * sp.log(2), 20) > 1.386, sp.N(2 * sp.log(2), 20) < 1.387)),
    ]
