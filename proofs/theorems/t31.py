"""T31: calibration, and lower ends without trust."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from flint import arb
from numpy.typing import NDArray
from scipy.special import entr, expit

from mari_theory import CALIBRATION_FUNCTIONS, calibration_terms, gibbs_terms, jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure, outward, precision
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN, SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over
from proofs.kit.step import Step

Terms: TypeAlias = Callable[[Floats, Floats, NDArray[np.integer]], Floats]


def steps() -> list[Step]:
    """The residual Z - eta of one symbol has mean 0; a claim's mean log-probability falls short of the divergence by a KL divergence.

    One symbol with p = P(x), q = Q(x), equal priors; c is a claimed posterior of arm 1, f any value of f(eta).
    """
    import sympy as sp

    p, q, f, c, d = sp.symbols("p q f c d", positive=True)  # d = 1 - c, kept apart so that its logarithm stays real
    m = (p + q) / 2
    eta, zeta = q / (p + q), p / (p + q)
    divergence = p / 2 * sp.log(p / m) + q / 2 * sp.log(q / m)
    gibbs = p / 2 * (sp.log(2) + sp.log(d)) + q / 2 * (sp.log(2) + sp.log(c))
    shortfall = zeta * sp.log(zeta / d) + eta * sp.log(eta / c)
    formula = sp.log(2) + c * sp.log(c) + d * sp.log(d)
    # At c = eta - e, the shortfall to second order.
    e, t = sp.Symbol("e", real=True), sp.Symbol("t", positive=True)
    near = (1 - t) * sp.log((1 - t) / (1 - t + e)) + t * sp.log(t / (t - e))
    return [
        Step("the residual of one symbol: q/2 (1 - eta) f - p/2 eta f = 0", q / 2 * (1 - eta) * f - p / 2 * eta * f, 0),
        Step("f = 1: the mean posterior is the share of arm 1", m * eta, q / 2),
        Step("f = sign(2 eta - 1): m |2 eta - 1| is |q - p|/2, here for q > p", m * (2 * eta - 1), (q - p) / 2),
        Step(
            "the divergence is the Gibbs term at the exact posterior",
            divergence,
            gibbs.subs({c: eta, d: zeta}, simultaneous=True),
        ),
        Step(
            "any claim: divergence less Gibbs term = m KL(eta | claim), never negative",
            divergence - gibbs,
            m * shortfall,
        ),
        Step(
            "near the exact posterior the shortfall is e^2/(2 eta (1 - eta))",
            sp.series(near, e, 0, 3).removeO(),
            e**2 / (2 * t * (1 - t)),
        ),
        Step(
            "arm 1: the certificate's formula exceeds the Gibbs term by -(1 - c) logit c",
            sp.expand((formula - sp.log(2) - sp.log(c)).subs(c, 1 - d)),
            sp.expand(-d * (sp.log(1 - d) - sp.log(d))),
        ),
        Step(
            "arm 0: by -(0 - c) logit c",
            sp.expand((formula - sp.log(2) - sp.log(d)).subs(d, 1 - c)),
            sp.expand(c * (sp.log(c) - sp.log(1 - c))),
        ),
    ]


def arm_mean(p: Floats, q: Floats, per_arm: tuple[Floats, Floats]) -> Floats:
    """Mean over a fair arm and an output of it; what an arm cannot send does not count."""
    parts = (np.where(law > 0, law * np.where(law > 0, x, 0.0), 0.0) for law, x in zip((p, q), per_arm, strict=True))
    return sum(part.sum(axis=-1) for part in parts) / 2


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Residuals have mean 0 against every f; any claim's Gibbs terms stay below the divergence, the exact one attains it."""
    p, q = random_pairs(rng, cases, 5)
    q = np.where(p + q > 0, q, 1e-9)
    q = q / q.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(p), np.log(q)

    def of_rows(terms: Terms, gap: Floats) -> Floats:
        """Mean of `terms(log_p, log_q, arm)` over a fair arm, for claims of this log-odds."""
        flat = gap.ravel()
        claim = np.minimum(0.0, -flat), np.minimum(0.0, flat)
        both = [terms(*claim, np.full(p.size, z)).reshape(p.shape) for z in (0, 1)]
        return arm_mean(p, q, (both[0], both[1]))

    exact, value = log_q - log_p, jensen_shannon(p, q)
    worst = 0.0
    for f in CALIBRATION_FUNCTIONS.values():
        residuals = of_rows(partial(calibration_terms, f=f), exact)
        worst = max(worst, float(np.abs(residuals).max()))
    other = random_pairs(rng, cases, 5)[1] + 1e-12
    noise = np.log(other) - np.log(other[::-1])
    near = exact + 10.0 ** -rng.uniform(0, 4, size=(cases, 1)) * rng.normal(size=p.shape)
    exclusion = np.where(rng.random(p.shape) < 0.1, np.inf, near)
    ok = worst < 1e-14
    for claim in (noise, near, exclusion, np.zeros(p.shape)):
        ok &= bool(np.all(of_rows(gibbs_terms, claim) <= value + SLACK))
        ok &= bool(np.all(of_rows(partial(gibbs_terms, smoothing=0.01), claim) <= value + SLACK))
    gap = np.clip(noise, -8, 8)
    eta = expit(gap)
    formula = LN2 - entr(eta) - entr(1 - eta)
    over = arm_mean(p, q, (formula, formula)) - of_rows(gibbs_terms, gap)
    ok &= bool(np.all(np.abs(over + arm_mean(p, q, (-eta * gap, (1 - eta) * gap))) < 1e-12))
    gibbs, large = of_rows(gibbs_terms, exact), value > 1e-6
    ok &= bool(np.all(np.abs(gibbs - value) < 1e-13))
    tight = float(np.max(gibbs[large] / value[large]))
    return Outcome(
        ok, tight, f"residual means at most {worst:.1e}; unrelated, near and excluding claims; the exact one"
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """With integer masses and integer claims the enclosed Gibbs mean is below the enclosed divergence, and the float terms have it."""
    ok = True
    for _ in range(cases):
        a, b, u, v = rng.integers(1, 60, size=(4, 4)).astype(float)
        for claim_p, claim_q in ((u, v), (a / a.sum(), b / b.sum())):
            gap = np.log(claim_q) - np.log(claim_p)
            with precision():
                whole = arb(0)
                for x, y, d in zip(a.tolist(), b.tolist(), gap.tolist(), strict=True):
                    for mass, total, own in ((x, a.sum(), -arb(d)), (y, b.sum(), arb(d))):
                        whole += arb(mass) / arb(float(total)) * (arb(2).log() - (-own).exp().log1p()) / 2
                low, high = outward(whole)
            terms = [gibbs_terms(np.zeros(4), gap, np.full(4, z)) for z in (0, 1)]
            estimate = float(a @ terms[0] / a.sum() + b @ terms[1] / b.sum()) / 2
            ok &= low - 1e-14 <= estimate <= high + 1e-14
            ok &= low <= jensen_shannon_enclosure(a, b)[1]
    return Outcome(bool(ok), None, "integer masses, integer claims and exact ones")


def _gibbs(z: Floats) -> float:
    p, q = laws_at(z[:6], 3)
    claim = expit(z[6:])
    return over(LN2 + float(p @ np.log1p(-claim) + q @ np.log(claim)) / 2, divergence(p, q))


def _arm_that_follows_the_claim() -> float:
    # Every row from arm 1: its claim is right too often.
    p, q = COIN, np.array([1.0, 0.0])
    terms = gibbs_terms(np.log(p[:1]), np.log(q[:1]), np.ones(1, dtype=int))
    return float(terms[0]) / float(jensen_shannon(p, q))


def _calibrated_but_coarse() -> float:
    p, q = np.array([0.6, 0.2, 0.2]), np.array([0.2, 0.6, 0.2])
    channel = np.array([[1, 0], [0, 1], [1, 0]])
    return float(jensen_shannon(p, q)) / float(jensen_shannon(p @ channel, q @ channel))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("Gibbs mean of any claim <= JSD", 9, _gibbs),),
    dropped=(
        Dropped("the arm is a fair coin", "every row from arm 1", _arm_that_follows_the_claim),
        Dropped(
            "a calibrated claim bounds from below",
            "read from above, two of three symbols merged",
            _calibrated_but_coarse,
        ),
    ),
    formal=Formal("T31_Calibration", ("T31_calibration", "T31_any_claim_bounds_from_below")),
    mutations=(
        Mutation("gibbs_terms", scaled(1.01)),
        Mutation("calibration_terms", lambda old: lambda p, q, z, f: old(p, 1.01 * q, z, f)),
        Mutation("gibbs_terms", scaled(1.01), "enclosure"),
    ),
)
