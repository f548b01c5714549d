"""T24: gradient of pooled JSD in the logits."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mari_theory import jensen_shannon
from proofs.kit.evidence import Evidence, Outcome
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The gradient of the Jensen-Shannon divergence with respect to logits.

    Three symbols: p = softmax(z), q fixed, weight w on q; dJSD/dz_i = (1-w) p_i (ln(p_i/m_i) - sum_j p_j ln(p_j/m_j)).
    """
    import sympy as sp

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


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """(1-w) p (ln(p/m) - sum p ln(p/m)) against central differences in the logits."""
    worst = 0.0
    for _ in range(min(cases, 200)):
        z, q, w = rng.normal(size=6), rng.dirichlet(np.ones(6)), float(rng.uniform(0.05, 0.95))
        p = softmax(z)
        ratio = np.log(p / ((1 - w) * p + w * q))
        formula = (1 - w) * p * (ratio - np.sum(p * ratio))
        step = 1e-5
        shift = np.eye(6) * step
        numeric = (
            jensen_shannon(softmax(z + shift, axis=1), q, w) - jensen_shannon(softmax(z - shift, axis=1), q, w)
        ) / (2 * step)
        worst = max(worst, float(np.max(np.abs(numeric - formula))))
    return Outcome(worst < 1e-8, None, f"random logits: largest difference {worst:.1e}")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    mutations=(Mutation("jensen_shannon", scaled(1.01)),),
    absent={
        "enclosure": "a gradient carries no certificate",
        "formal": "softmax calculus, checked against differences",
        "search": "an identity: nothing to exceed",
        "dropped": "softmax outputs are what a gradient in logits is of",
    },
)
