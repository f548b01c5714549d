"""T12: mixture contraction and its inverse."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from mari_theory import jensen_shannon, mix, mixture_bound, total_variation
from mari_theory.families import PAIRS
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """Mixing by a share: exact in total variation, at most linear in the divergence, quadratic at small shares.

    q = (1-rho) p + rho f, one symbol.
    """
    import sympy as sp

    p, f, rho, w = sp.symbols("p f rho w", positive=True)
    q = (1 - rho) * p + rho * f
    m = (1 - w) * p + w * q
    g = (1 - w) * p * sp.log(p / m) + w * q * sp.log(q / m)
    return [
        Step("the gap shrinks by rho exactly", q - p, rho * (f - p)),
        Step("at share 0 nothing is added", g.subs(rho, 0), 0),
        Step("nor to first order: d/drho at 0 is w (f - p) ln(p/p) = 0", sp.diff(g, rho).subs(rho, 0), 0),
        Step(
            "second order: rho^2 w (1-w) (f-p)^2/(2p), the chi-square share",
            sp.diff(g, rho, 2).subs(rho, 0),
            w * (1 - w) * (f - p) ** 2 / p,
        ),
        Step(
            "at share 1 it is the forget law's own share",
            g.subs(rho, 1),
            (1 - w) * p * sp.log(p / ((1 - w) * p + w * f)) + w * f * sp.log(f / ((1 - w) * p + w * f)),
        ),
        Step(
            "convex in rho: second derivative w (1-w) p (f-p)^2/(q m) >= 0; with 0 at 0, g(rho) <= rho g(1)",
            sp.diff(g, rho, 2),
            w * (1 - w) * p * (f - p) ** 2 / (q * m),
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """JSD(P, mix) <= rho JSD(P, F), equality at disjoint supports in the limit; TV scales exactly by rho."""
    p, f = random_pairs(rng, cases, 5)
    ok = True
    for rho in (0.01, 0.3, 1.0):
        q = mix(p, f, rho)
        ok &= bool(np.all(jensen_shannon(p, q) <= rho * jensen_shannon(p, f) * (1 + 1e-12) + 1e-16))
        ok &= bool(np.allclose(total_variation(p, q), rho * total_variation(p, f), rtol=1e-9, atol=1e-15))
    (a, b) = PAIRS["disjoint"].arms()
    tight = float(jensen_shannon(a, mix(a, b, 1.0)) / jensen_shannon(a, b))
    return Outcome(ok, tight, "shares 0.01, 0.3 and 1")


def _contraction(z: Floats) -> float:
    p, f = laws_at(z[1:], 3)
    share = float(expit(z[0]))
    return over(divergence(p, mix(p, f, share)), share * divergence(p, f))


def _understated_share() -> float:
    p, f = np.eye(2)
    return float(jensen_shannon(p, f)) / mixture_bound(float(jensen_shannon(p, f)), 0.9)


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    search=(Inequality("JSD(P, mix) <= rho JSD(P, F)", 7, _contraction),),
    dropped=(Dropped("rho is the true share", "share 1 read as 0.9", _understated_share),),
    formal=Formal("T12_Mixture", ("T12_contraction", "T12_total_variation", "T12_inverse", "T12_forget_bound")),
    mutations=(Mutation("mix", lambda f: lambda p, q, r: f(p, q, min(1.0, 1.01 * r))),),
    absent={
        "enclosure": "exact in total variation; its divergences are enclosed under T1",
    },
)
