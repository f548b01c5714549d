"""T37: entropies (self-perplexity)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb
from scipy.special import entr

from mari_theory import entropy, entropy_gap, entropy_gap_from_jsd, jensen_shannon, total_variation
from mari_theory.enclosures.balls import Ball, outward, precision, total_variation_enclosure, x_log_x
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, laws_at, over
from proofs.kit.step import Step


def steps() -> list[Step]:
    """Where the bound t ln(V-1) + h(t) peaks, what it is there, and the pair that attains it.

    t the total variation, u = V - 1 > 0 the other symbols.
    """
    import sympy as sp

    t, u, r = sp.symbols("t u r", positive=True)  # r = 1 - t, kept apart so that its logarithm stays real
    bound = t * sp.log(u) - t * sp.log(t) - (1 - t) * sp.log(1 - t)
    peak = u / (1 + u)
    spread = u * (-(t / u) * sp.log(t / u)) - (1 - t) * sp.log(1 - t)
    m, s, a = sp.symbols("m s a", positive=True)
    whole = m + s
    return [
        Step("slope of the bound: ln((V-1)(1-t)/t)", sp.diff(bound, t), sp.log(u) + sp.log(1 - t) - sp.log(t)),
        Step("zero at t = 1 - 1/V", sp.log(u) + sp.log(1 / (1 + u)) - sp.log(peak), 0),
        Step(
            "second derivative -1/(t(1-t)): it rises before and falls after", sp.diff(bound, t, 2), -1 / (t * (1 - t))
        ),
        Step(
            "at the peak it is ln V",
            sp.expand_log(peak * sp.log(u) - peak * sp.log(peak) + sp.log(1 + u) / (1 + u), force=True),
            sp.log(1 + u),
        ),
        Step("attained: entropy of 1 - t on one symbol and t/(V-1) on each other", spread, bound),
        Step(
            "proof, what the laws share: (m+s) ln(m+s) less its parts is minus their divergences from m+s",
            m * sp.log(m / whole) + s * sp.log(s / whole),
            m * sp.log(m) + s * sp.log(s) - whole * sp.log(whole),
        ),
        Step(
            "proof, the log-sum over the alphabet leaves -h(t) of shared mass 1-t and rest t",
            (r * sp.log(r) + t * sp.log(t)).subs(r, 1 - t),
            -(bound - t * sp.log(u)),
        ),
        Step(
            "proof, the rest of P spread over V - 1 symbols: -t ln(t/(V-1)), of Q on one: -t ln t",
            -u * (t / u) * sp.log(t / u) + t * sp.log(t),
            t * sp.log(u),
        ),
        Step(
            "the rest of Q, a symbol of share a <= 1: -(ta) ln(ta) exceeds -(ta) ln t by -ta ln a",
            -t * a * sp.log(t * a) + t * a * sp.log(t),
            -t * a * sp.log(a),
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Entropies differ by at most the bound at their total variation, and at any larger one; a point mass against an even rest attains it."""
    ok = True
    for size in (2, 3, 8):
        p, q = random_pairs(rng, cases, size)
        gap = np.abs(entr(p).sum(axis=1) - entr(q).sum(axis=1))
        tv = np.minimum(total_variation(p, q), 1.0)
        wider = np.minimum(tv + rng.random(cases) * (1 - tv), 1.0)
        ok &= bool(np.all(gap <= entropy_gap(tv, size) + SLACK) and np.all(gap <= entropy_gap(wider, size) + SLACK))
        ok &= bool(np.all(gap <= entropy_gap_from_jsd(np.minimum(jensen_shannon(p, q), LN2), size) + SLACK))
    ratios = []
    for size in (2, 5, 50_000):
        for t in (1e-6, 0.01, 0.3, 1 - 1 / size, 1.0):
            inside = min(t, 1 - 1 / size)
            spread = float(entr(inside / (size - 1))) * (size - 1) + float(entr(1 - inside))
            ratios.append(spread / float(entropy_gap(t, size)))
    return Outcome(
        ok and min(ratios) > 1 - 1e-9,
        max(ratios),
        "random pairs of 2, 3 and 8 symbols; a point mass against an even rest",
    )


def _entropy_ball(masses: np.ndarray) -> Ball:
    total = arb(0)
    for x in masses.tolist():
        total -= x_log_x(arb(x) / arb(float(masses.sum())))
    return total


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The float bound is above the enclosed formula (ln V beyond its peak) and within rounding of it; integer laws stay below it."""
    ok = True
    for size in (2, 3, 100, 151_936):
        peak = 1 - 1 / size
        for t in (
            1e-300,
            1e-12,
            0.01,
            math.nextafter(peak, 0),
            peak,
            math.nextafter(peak, 2),
            1.0,
            *rng.uniform(size=cases),
        ):
            with precision():
                x = arb(float(t))
                falls = Fraction(float(t)) > 1 - Fraction(1, size)
                exact = arb(size).log() if falls else x * arb(size - 1).log() - x_log_x(x) - x_log_x(1 - x)
                low, high = outward(exact)
            value = float(entropy_gap(t, size))
            ok &= low <= value <= high * (1 + 1e-14) + 1e-300
    for _ in range(cases):
        a, b = rng.integers(0, 30, size=(2, 6)).astype(float) + np.array([1.0, 0, 0, 0, 0, 0])
        with precision():
            gap = abs(_entropy_ball(a) - _entropy_ball(b))
            ok &= bool(outward(gap)[0] <= float(entropy_gap(total_variation_enclosure(a, b)[1], 6)))
    return Outcome(bool(ok), None, "vocabularies from 2 to 151,936, on both sides of the peak")


def _entropies(z: Floats) -> float:
    p, q = laws_at(z, 3)
    gap = abs(float(entropy(p) - entropy(q)))
    return over(gap, float(entropy_gap(min(float(total_variation(p, q)), 1.0), 3)))


def _understated_vocabulary() -> float:
    certain, spread = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.7, 0.1, 0.1, 0.1])
    return float(entropy(spread) - entropy(certain)) / float(entropy_gap(0.3, 3))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("entropy gap <= TV ln(V-1) + h(TV)", 6, _entropies),),
    dropped=(Dropped("V counts every symbol", "4 counted as 3", _understated_vocabulary),),
    formal=Formal("T37_Entropy", ("T37_one_side", "T37_entropies", "T37_attained")),
    mutations=(
        Mutation("entropy_gap", scaled(0.99)),
        Mutation("entropy_gap", scaled(0.99), "enclosure"),
    ),
)
