"""Ball-arithmetic and rational evidence of T31, T32, T37 and T38, on random inputs and at the ends of the float range."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from mari_theory import (
    entropy_gap,
    gibbs_terms,
    max_word_probability,
    min_word_probability,
    prompts_told_apart,
    prompts_with_room,
)
from mari_theory.enclosures.balls import (
    Ball,
    jensen_shannon_enclosure,
    outward,
    precision,
    total_variation_enclosure,
    x_log_x,
)
from mari_theory.enclosures.bounds import max_tpr_enclosure
from mari_theory.localisation import LN2_BELOW
from proofs.enclosed import Enclosed
from proofs.properties import Outcome

LN2 = math.log(2.0)


def calibration(rng: np.random.Generator, cases: int) -> Outcome:
    """T31: with integer masses and integer claims the enclosed Gibbs mean is below the enclosed divergence, and the float terms have it."""
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
            found = float(a @ terms[0] / a.sum() + b @ terms[1] / b.sum()) / 2
            ok &= low - 1e-14 <= found <= high + 1e-14
            ok &= low <= jensen_shannon_enclosure(a, b)[1]
    return Outcome(bool(ok), None, "integer masses, integer claims and exact ones")


def localisation(rng: np.random.Generator, cases: int) -> Outcome:
    """T32: one prompt more is certainly impossible (rational arithmetic; a ball for ln 2), and one fewer would have been too few."""
    with precision():
        below = bool(arb(LN2_BELOW) < arb(2).log())
    ok = below
    for _ in range(20 * cases):
        m, j = int(10.0 ** rng.uniform(0, 6)), float(10.0 ** rng.uniform(-9, math.log10(LN2)))
        t = float(min(10.0 ** rng.uniform(-6, 0), LN2_BELOW))
        if rng.random() < 0.3:
            j = t * int(rng.integers(0, m + 1)) / m
        found = prompts_with_room(j, m, t)
        room = Fraction(j) * m
        ok &= found == m or (found + 1) * Fraction(t) > room
        ok &= found * Fraction(t) <= room * (1 + Fraction(1, 2**51))
        apart = prompts_told_apart(j, m)
        with precision():
            ok &= apart == m or bool((apart + 1) * arb(2).log() > arb(j) * m)
            ok &= apart == 0 or bool((apart - 1) * arb(2).log() < arb(j) * m)
    return Outcome(bool(ok), None, "up to a million prompts, ties included")


def _entropy_ball(masses: np.ndarray) -> Ball:
    total = arb(0)
    for x in masses.tolist():
        total -= x_log_x(arb(x) / arb(float(masses.sum())))
    return total


def entropies(rng: np.random.Generator, cases: int) -> Outcome:
    """T37: the float bound is above the enclosed formula (ln V beyond its peak) and within rounding of it; integer laws stay below it."""
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


def words(rng: np.random.Generator, cases: int) -> Outcome:
    """T38: the float bounds are outside the enclosed roots, within rounding of them, and outside T6's exact bound at the word."""
    ok = True
    ends = [(0.0, 0.01), (1.0, 0.01), (1e-300, 1e-300), (1e-9, 1e-12), (0.5, 1e-300), (1 - 2.0**-53, 1e-12), (0.3, LN2)]
    random = zip(10.0 ** rng.uniform(-9, 0, size=cases), 10.0 ** rng.uniform(-9, -0.16, size=cases), strict=True)
    for p, j in [
        *ends,
        *((float(x), float(y)) for x, y in random),
        *((1 - float(rng.uniform()) ** 3, 0.02) for _ in range(cases)),
    ]:
        up, down = float(max_word_probability(p, j)), float(min_word_probability(p, j))
        with precision(2200):
            x, b = arb(fmpq(*p.as_integer_ratio())), arb(fmpq(*j.as_integer_ratio()))
            lean = 2 * b * (1 - 2 * x)
            spread = (lean * lean + (1 + 2 * b) * 8 * b * x * (1 - x)).sqrt()
            top, bottom = outward(x + (lean + spread) / (1 + 2 * b)), outward(x + (lean - spread) / (1 + 2 * b))
        ok &= up == 1.0 or up <= top[1] * (1 + 1e-14) + 1e-300
        ok &= down == 0.0 or down >= bottom[0] - 1e-14 * p - 1e-300
        if j > 1e-8:
            ok &= up >= max_tpr_enclosure(p, j)[0] and 1 - down >= max_tpr_enclosure(1 - p, j)[0] - 2e-16
        else:
            ok &= up >= top[0] and down <= max(bottom[1], 0.0)
    return Outcome(bool(ok), None, "probabilities from 1e-300 to 1, budgets from 1e-300 to ln 2")


ENCLOSED: dict[str, Enclosed] = {"T31": calibration, "T32": localisation, "T37": entropies, "T38": words}
"""Theorem id -> enclosure check."""
