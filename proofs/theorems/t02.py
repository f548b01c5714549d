"""T2: range."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from mari_theory import binary_entropy, jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.families import PAIRS
from mari_theory.units import LN2, Floats
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs, unchecked_jsd
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """One symbol's share is 0 at equality, convex in both masses together (its Hessian is a perfect square), and h(w) in all when disjoint.

    g(p, q) = v p ln(p/m) + w q ln(q/m), m = v p + w q, v + w = 1.
    """
    import sympy as sp

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


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """0 <= JSD_w <= h(w), symmetric at 1/2, jointly convex; h(w) at disjoint supports."""
    p, q = random_pairs(rng, cases, 5)
    r, s = random_pairs(rng, cases, 5)
    ok = True
    for w in (0.5, 0.2, 0.01):
        value = jensen_shannon(p, q, w)
        ok &= bool(np.all(value >= 0) and np.all(value <= binary_entropy(w) + SLACK))
        middle = jensen_shannon(0.5 * (p + r), 0.5 * (q + s), w)
        ok &= bool(np.all(middle <= 0.5 * (value + jensen_shannon(r, s, w)) + SLACK))
    ok &= bool(np.allclose(jensen_shannon(p, q), jensen_shannon(q, p), rtol=1e-12, atol=0))
    witness = min(PAIRS["disjoint"].jsd(w) / binary_entropy(w) for w in (0.5, 0.2, 0.01))
    return Outcome(ok and abs(witness - 1) < 1e-12, witness, "range, symmetry, joint convexity; disjoint supports")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The enclosure of a disjoint pair is h(w); no enclosure exceeds it."""
    ends = [jensen_shannon_enclosure([1.0, 0.0], [0.0, 1.0], w) for w in (0.5, 0.2, 0.01)]
    ok = all(inside(float(binary_entropy(w)), e, 1e-14) for w, e in zip((0.5, 0.2, 0.01), ends, strict=True))
    p, q = random_pairs(rng, cases)
    ok &= all(
        0.0 <= jensen_shannon_enclosure(a, b, 0.2)[0] <= float(binary_entropy(0.2)) for a, b in zip(p, q, strict=True)
    )
    return Outcome(bool(ok), None, "disjoint pairs and random ones")


def _range(z: Floats) -> float:
    w = float(expit(z[0]))
    p, q = laws_at(z[1:], 3)
    return over(float(jensen_shannon(p, q, w)), float(binary_entropy(w)))


def _unnormalised_laws() -> float:
    return unchecked_jsd(np.array([1.1, 0.0]), np.array([0.0, 1.1])) / LN2


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("JSD_w <= h(w)", 7, _range),),
    dropped=(Dropped("the laws sum to 1", "two disjoint arms of mass 1.1", _unnormalised_laws),),
    formal=Formal(
        "T02_Range",
        ("T2_nonneg", "T2_at_most_entropy", "T2_zero_when_equal", "T2_entropy_when_disjoint", "T2_symmetry"),
    ),
    mutations=(
        Mutation("binary_entropy", scaled(0.99)),
        Mutation("binary_entropy", scaled(0.99), "enclosure"),
    ),
)
