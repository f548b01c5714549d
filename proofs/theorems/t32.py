"""T32: localisation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb

from mari_theory import jensen_shannon, prompts_told_apart, prompts_with_room
from mari_theory.enclosures.balls import precision
from mari_theory.families import PAIRS
from mari_theory.localisation import LN2_BELOW
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, cut
from proofs.kit.search import Inequality, divergence, laws_at, over


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Prompts at or above a threshold never outnumber the bound from their mean; k prompts at the threshold and equal ones attain it."""
    ok = True
    for _ in range(max(cases // 20, 10)):
        m = int(rng.integers(1, 60))
        each = np.minimum(jensen_shannon(*random_pairs(rng, m, 3)), LN2_BELOW)
        upper = math.nextafter(math.fsum(each.tolist()) / m, math.inf)
        for t in (1e-4, 0.02, 0.1, float(each.max()) or 0.1):
            ok &= int((each >= t).sum()) <= prompts_with_room(upper, m, t)
    ratios = []
    for k, m, t in ((1, 1, 0.1), (3, 7, 0.1), (7, 9, 0.02), (399, 1000, 1e-3), (250, 400, LN2_BELOW)):
        mean = k * t / m
        count = prompts_told_apart(mean, m) if t == LN2_BELOW else prompts_with_room(mean, m, t)
        ratios.append(k / max(count, 1))
    by_heart = float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])))
    disjoint = float(jensen_shannon(*PAIRS["disjoint"].arms()))
    ok &= abs(by_heart - 0.2158) < 5e-5 and disjoint >= LN2_BELOW
    return Outcome(
        bool(ok), max(ratios), "random prompts; k at the threshold, the rest equal; by heart against a coin 0.2158"
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """One prompt more is certainly impossible (rational arithmetic; a ball for ln 2), and one fewer would have been too few."""
    with precision():
        below = bool(arb(LN2_BELOW) < arb(2).log())
    ok = below
    for _ in range(20 * cases):
        m, j = int(10.0 ** rng.uniform(0, 6)), float(10.0 ** rng.uniform(-9, math.log10(LN2)))
        t = float(min(10.0 ** rng.uniform(-6, 0), LN2_BELOW))
        if rng.random() < 0.3:
            j = t * int(rng.integers(0, m + 1)) / m
        count = prompts_with_room(j, m, t)
        room = Fraction(j) * m
        ok &= count == m or (count + 1) * Fraction(t) > room
        ok &= count * Fraction(t) <= room * (1 + Fraction(1, 2**51))
        apart = prompts_told_apart(j, m)
        with precision():
            ok &= apart == m or bool((apart + 1) * arb(2).log() > arb(j) * m)
            ok &= apart == 0 or bool((apart - 1) * arb(2).log() < arb(j) * m)
    return Outcome(bool(ok), None, "up to a million prompts, ties included")


def _localisation(z: Floats) -> float:
    laws = laws_at(z, 2)
    each = np.sort([divergence(p, q) for p, q in zip(laws[::2], laws[1::2], strict=True)])[::-1]
    return over(float(np.max(each * np.arange(1, each.size + 1))), float(each.sum()))


def _pooled_for_mean() -> float:
    # 60 prompts, all told apart; 33 of the answers are swapped one way, 27 the other, so the pooled laws nearly agree.
    pooled_jsd = float(jensen_shannon(np.array([33, 27]) / 60, np.array([27, 33]) / 60))
    return 60 / max(prompts_told_apart(pooled_jsd, 60), 1)


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("k at the k-th largest <= sum", 16, _localisation),),
    dropped=(Dropped("J is the mean over prompts", "the divergence of pooled laws taken for it", _pooled_for_mean),),
    formal=Formal("T32_Localisation", ("T32_count", "T32_floor", "T32_told_apart", "T32_attained")),
    mutations=(
        Mutation("prompts_with_room", cut(0.99)),
        Mutation("prompts_told_apart", cut(0.99)),
        Mutation("prompts_with_room", cut(0.99), "enclosure"),
        Mutation("prompts_told_apart", cut(0.99), "enclosure"),
    ),
    absent={
        "symbolic": "Markov's inequality for a finite average; Coq has it, and that it is attained",
    },
)
