"""T21: Fenchel pairs."""

from __future__ import annotations

import dataclasses

import numpy as np

from mari_theory.fenchel import FENCHEL, FDivergence
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK
from proofs.kit.mutations import Mutation
from proofs.kit.search import Inequality, Ratio, laws_at, over
from proofs.kit.step import Step, true


def steps() -> list[Step]:
    """Fenchel conjugates on their domains, and equality at the optimal critic f'(t), for every divergence of FLAT.

    f(1) = 0, convexity, and Young's equality u t = f(t) + f*(u) at u = f'(t).
    """
    import sympy as sp

    t = sp.Symbol("t", positive=True)
    s = sp.Symbol("s", positive=True)
    u = sp.Symbol("u", real=True)

    # f and its conjugate f*(u) = sup_t (u t - f(t)); total variation is linear and done by hand, Jeffreys' conjugate by Lambert's W.
    pairs: dict[str, tuple[sp.Expr, sp.Expr]] = {
        "KL": (t * sp.log(t), sp.exp(u - 1)),
        "reverse KL": (-sp.log(t), -1 - sp.log(-u)),
        "Pearson": ((t - 1) ** 2, u**2 / 4 + u),
        "Neyman": ((1 - t) ** 2 / t, 2 - 2 * sp.sqrt(1 - u)),
        "squared Hellinger": ((sp.sqrt(t) - 1) ** 2, u / (1 - u)),
        "Jensen-Shannon": (t * sp.log(2 * t / (1 + t)) + sp.log(2 / (1 + t)), -sp.log(2 - sp.exp(u))),
        "Jeffreys": ((t - 1) * sp.log(t), None),
    }
    # Where f* is finite and attained: the slopes of f. (Pearson's f* is -1 below -2, where the supremum sits at t = 0.)
    domains: dict[str, tuple[sp.Expr, sp.Expr]] = {
        "KL": (-sp.oo, sp.oo),
        "reverse KL": (-sp.oo, sp.Integer(0)),
        "Pearson": (sp.Integer(-2), sp.oo),
        "Neyman": (-sp.oo, sp.Integer(1)),
        "squared Hellinger": (-sp.oo, sp.Integer(1)),
        "Jensen-Shannon": (-sp.oo, sp.log(2)),
        "Jeffreys": (-sp.oo, sp.oo),
    }
    out = []
    for name, (f, conjugate) in pairs.items():
        slope = sp.simplify(sp.diff(f, t))
        out.append(Step(f"{name}: f(1) = 0", f.subs(t, 1), 0))
        second = sp.factor(sp.simplify(sp.diff(f, t, 2)))
        out.append(true(f"{name}: f'' = {second} > 0", second.is_positive))
        # f is strictly convex, so u t - f(t) is largest where f'(t) = u; the slopes cover the whole domain of f*.
        low, high = domains[name]
        out.append(true(f"{name}: f'(0+) = {low}", sp.limit(slope, t, 0, "+") == low))
        out.append(true(f"{name}: f'(infinity) = {high}", sp.limit(slope, t, sp.oo) == high))
        if name == "Jeffreys":
            # With s = 1/t, u = 1 - s - ln s: s is Lambert's W at e^(1-u), and the supremum is 1/s + s + u - 2.
            at = slope.subs(t, 1 / s)
            out.append(Step("Jeffreys: s + ln s = 1 - u at the supremum", s + sp.log(s), 1 - at))
            out.append(Step("Jeffreys: u t - f(t) there", (slope * t - f).subs(t, 1 / s), 1 / s + s + at - 2))
            out.append(
                Step(
                    "Jeffreys: the conjugate's slope is t = 1/s", sp.diff(1 / s + s + at - 2, s) / sp.diff(at, s), 1 / s
                )
            )
            continue
        out.append(Step(f"{name}: equality at u = f'(t)", slope * t - f, conjugate.subs(u, slope)))
        out.append(Step(f"{name}: the conjugate's slope gives t back", sp.diff(conjugate, u).subs(u, slope), t))
    # Total variation |t - 1|/2: f* is the identity on [-1/2, 1/2] and infinite outside.
    out.append(Step("total variation: t > 1, u = 1/2", sp.Rational(1, 2) * t - (t - 1) / 2, sp.Rational(1, 2)))
    out.append(Step("total variation: t < 1, u = -1/2", -sp.Rational(1, 2) * t - (1 - t) / 2, -sp.Rational(1, 2)))
    return out


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Random critics stay under D_f; the critic f'(p/q) attains it; Young's inequality on a grid."""
    ok, tight = True, 1.0
    for pair in FENCHEL.values():
        p, q = rng.dirichlet(np.full(5, 2.0), size=2)
        whole = float(pair.divergence(p, q))
        for _ in range(min(cases, 100)):
            bound = float(pair.lower_bound(p, q, rng.normal(size=5) * 10.0 ** rng.uniform(-2, 0.5)))
            ok &= bound <= whole + SLACK
        best = pair.slope(p / q)
        witness = float(np.sum(p * best) - np.sum(q * pair.conjugate(best)))
        ok &= abs(witness / whole - 1) < 1e-9
        tight = min(tight, witness / whole)
        t = np.exp(rng.uniform(-3, 3, size=200))
        u = np.asarray(pair.activation(rng.normal(size=200)))
        ok &= bool(np.all(u * t <= pair.f(t) + pair.conjugate(u) + 1e-9))
    return Outcome(bool(ok), tight, "eight divergences; the critic f'(p/q)")


def _variational(name: str) -> Ratio:
    def ratio(z: Floats) -> float:
        p, q = laws_at(z[:8], 4)
        pair = FENCHEL[name]
        return over(float(pair.lower_bound(p, q, z[8:])), float(pair.divergence(p, q)))

    return ratio


def _critic_off_the_domain() -> float:
    p, q = np.array([0.6, 0.4]), np.array([0.4, 0.6])
    critic = np.array([1.0, -1.0])
    return float(p @ critic - q @ critic) / float(FENCHEL["total-variation"].divergence(p, q))


def _wrong_conjugate(pair: FDivergence) -> FDivergence:
    return dataclasses.replace(pair, conjugate=lambda u: pair.conjugate(u) * 1.01)


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    search=(*(Inequality(f"critic of {name}", 12, _variational(name)) for name in FENCHEL),),
    dropped=(
        Dropped("the critic lies in the domain of f*", "total variation with a critic of +-1", _critic_off_the_domain),
    ),
    formal=Formal(
        "T21_Methods",
        (
            "T21_variational",
            "T21_equality",
            "T21_young_KL",
            "T21_young_reverse_KL",
            "T21_young_Pearson",
            "T21_young_Neyman",
            "T21_young_Hellinger",
            "T21_young_JS",
            "T21_young_TV",
            "T21_young_Jeffreys",
        ),
    ),
    mutations=(Mutation("FENCHEL", lambda table: {k: _wrong_conjugate(v) for k, v in table.items()}),),
    absent={
        "enclosure": "no bound is inverted; conjugates are closed forms",
    },
)
