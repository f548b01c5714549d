"""Property checks and tightness witnesses of the step from evidence to claim: calibration, localisation, entropies, words (T31, T32, T37, T38)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit

from mari_theory import (
    CALIBRATION_FUNCTIONS,
    calibration_terms,
    entropy_gap,
    entropy_gap_from_jsd,
    gibbs_terms,
    jensen_shannon,
    max_tpr,
    max_word_probability,
    min_word_probability,
    prompts_told_apart,
    prompts_with_room,
    total_variation,
    word_gap,
)
from mari_theory.families import PAIRS
from mari_theory.localisation import LN2_BELOW
from proofs.properties import SLACK, Check, Outcome, random_pairs

Floats = NDArray[np.float64]
Terms = Callable[[Floats, Floats, NDArray[np.integer]], Floats]
LN2 = math.log(2.0)


def arm_mean(p: Floats, q: Floats, per_arm: tuple[Floats, Floats]) -> Floats:
    """Mean over a fair arm and an output of it; what an arm cannot send does not count."""
    parts = (np.where(law > 0, law * np.where(law > 0, x, 0.0), 0.0) for law, x in zip((p, q), per_arm, strict=True))
    return sum(part.sum(axis=-1) for part in parts) / 2


def calibration(rng: np.random.Generator, cases: int) -> Outcome:
    """T31: residuals have mean 0 against every f; any claim's Gibbs terms stay below the divergence, the exact one attains it."""
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
    unrelated = np.log(other) - np.log(other[::-1])
    near = exact + 10.0 ** -rng.uniform(0, 4, size=(cases, 1)) * rng.normal(size=p.shape)
    excluded = np.where(rng.random(p.shape) < 0.1, np.inf, near)
    ok = worst < 1e-14
    for claim in (unrelated, near, excluded, np.zeros(p.shape)):
        ok &= bool(np.all(of_rows(gibbs_terms, claim) <= value + SLACK))
        ok &= bool(np.all(of_rows(partial(gibbs_terms, smoothing=0.01), claim) <= value + SLACK))
    gap = np.clip(unrelated, -8, 8)
    eta = expit(gap)
    formula = LN2 - entr(eta) - entr(1 - eta)
    over = arm_mean(p, q, (formula, formula)) - of_rows(gibbs_terms, gap)
    ok &= bool(np.all(np.abs(over + arm_mean(p, q, (-eta * gap, (1 - eta) * gap))) < 1e-12))
    reached, large = of_rows(gibbs_terms, exact), value > 1e-6
    ok &= bool(np.all(np.abs(reached - value) < 1e-13))
    tight = float(np.max(reached[large] / value[large]))
    return Outcome(
        ok, tight, f"residual means at most {worst:.1e}; unrelated, near and excluding claims; the exact one"
    )


def localisation(rng: np.random.Generator, cases: int) -> Outcome:
    """T32: prompts at or above a threshold never outnumber the bound from their mean; k prompts at the threshold and equal ones attain it."""
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
        found = prompts_told_apart(mean, m) if t == LN2_BELOW else prompts_with_room(mean, m, t)
        ratios.append(k / max(found, 1))
    by_heart = float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])))
    disjoint = float(jensen_shannon(*PAIRS["disjoint"].arms()))
    ok &= abs(by_heart - 0.2158) < 5e-5 and disjoint >= LN2_BELOW
    return Outcome(
        bool(ok), max(ratios), "random prompts; k at the threshold, the rest equal; by heart against a coin 0.2158"
    )


def entropies(rng: np.random.Generator, cases: int) -> Outcome:
    """T37: entropies differ by at most the bound at their total variation, and at any larger one; a point mass against an even rest attains it."""
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


def words(rng: np.random.Generator, cases: int) -> Outcome:
    """T38: every symbol's probabilities stay within the bounds, both ways; at small budgets the exact bound (T6 at the word) comes arbitrarily near."""
    p, q = random_pairs(rng, cases, 5)
    value = np.minimum(jensen_shannon(p, q), LN2)[:, None]
    ok = bool(
        np.all(q <= max_word_probability(p, value) + 1e-15) and np.all(q >= min_word_probability(p, value) - 1e-15)
    )
    ok &= bool(np.all(np.abs(p - q) <= word_gap(value, p) + 1e-15))
    ok &= bool(np.all((p - q) ** 2 <= 4 * value * (p + q) * (1 + 1e-9) + 1e-18))
    ratios = []
    for word in (0.01, 0.3, 0.5, 0.99):
        budget = 1e-8
        sharp = float(max_tpr(word, budget)) - word, word - (1 - float(max_tpr(1 - word, budget)))
        found = float(max_word_probability(word, budget)) - word, word - float(min_word_probability(word, budget))
        ratios += [s / f for s, f in zip(sharp, found, strict=True)]
        ratios.append(max(sharp) / float(word_gap(budget, word)))
    grid = np.linspace(0, 1, 201)
    for budget in (1e-4, 0.1, 0.6):
        ok &= bool(np.all(max_tpr(grid, budget) <= max_word_probability(grid, budget) + 1e-12))
    return Outcome(ok and min(ratios) > 1 - 1e-4, max(ratios), "every symbol of random pairs; a small budget")


CHECKS: dict[str, Check] = {"T31": calibration, "T32": localisation, "T37": entropies, "T38": words}
"""Theorem id -> check."""
