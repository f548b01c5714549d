"""T24: the gradient of the Jensen-Shannon divergence with respect to logits."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """Three symbols: p = softmax(z), q fixed, weight w on q; dJSD/dz_i = (1-w) p_i (ln(p_i/m_i) - sum_j p_j ln(p_j/m_j))."""
    z = sp.symbols("z1:4", real=True)
    q = sp.symbols("q1:4", positive=True)
    w, v = sp.symbols("w v", positive=True)  # v = 1 - w
    total = sum(sp.exp(a) for a in z)
    p = [sp.exp(a) / total for a in z]
    m = [v * a + w * b for a, b in zip(p, q, strict=True)]
    jsd = sum(v * a * sp.log(a / c) + w * b * sp.log(b / c) for a, b, c in zip(p, q, m, strict=True))
    x, y = sp.symbols("x y", positive=True)
    term = v * x * sp.log(x / (v * x + w * y)) + w * y * sp.log(y / (v * x + w * y))
    mean = sum(a * sp.log(a / c) for a, c in zip(p, m, strict=True))
    out = [
        Step(
            "per symbol, d/dp of the term is (1-w) ln(p/m)",
            sp.simplify(sp.diff(term, x)),
            v * sp.log(x / (v * x + w * y)),
        ),
        Step("softmax: dp1/dz1 = p1 (1 - p1)", sp.diff(p[0], z[0]), p[0] * (1 - p[0])),
        Step("softmax: dp2/dz1 = -p1 p2", sp.diff(p[1], z[0]), -p[0] * p[1]),
    ]
    chain = sum(v * sp.log(a / c) * sp.diff(a, z[0]) for a, c in zip(p, m, strict=True))
    out.append(Step("chain rule in closed form", chain, v * p[0] * (sp.log(p[0] / m[0]) - mean)))
    direct = sp.diff(jsd, z[0]) - chain
    out.append(Step("and it is the whole derivative: terms through m cancel", sp.simplify(direct.subs(v, 1 - w)), 0))
    return out
