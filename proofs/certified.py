"""Property checks of the statements behind certificates (T14, T17, T18, T19, T25-T29): lemmas on dense grids with their sharp
constants, exact enumeration of small samples, and the explicit constructions."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binom

from estimators.audit import audit_counts
from estimators.discrete_intervals import certify_counts_jsd, divergence_level, lower_slope
from estimators.pooled import C, FastRate, certify_pooled
from mari_theory import jensen_shannon, oracle_bound, phi, total_variation
from proofs.properties import SLACK, Check, Outcome, random_pairs

LN2 = math.log(2.0)


def oracle_triangle(rng: np.random.Generator, cases: int) -> Outcome:
    """T14: the three-step bound on random quadruples; tightness is the largest ratio found, at aligned small steps."""
    a, b = random_pairs(rng, cases, 5)
    c, d = random_pairs(rng, cases, 5)
    steps = [jensen_shannon(a, b), jensen_shannon(b, c), jensen_shannon(c, d)]
    bound = np.array([oracle_bound(*(float(s[i]) for s in steps)) for i in range(cases)])
    ok = bool(np.all(jensen_shannon(a, d) <= bound * (1 + 1e-9) + SLACK))
    p, step = np.array([0.3, 0.7]), np.array([1e-4, -1e-4])
    line = [p + i * step for i in range(4)]
    parts = [float(jensen_shannon(line[i], line[i + 1])) for i in range(3)]
    return Outcome(
        ok,
        float(jensen_shannon(line[0], line[3])) / oracle_bound(*parts),
        "random quadruples; equal small steps on a line",
    )


def fast_rate(rng: np.random.Generator, cases: int) -> Outcome:
    """T17: e^{lx} - 1 - lx <= c l^2 (e^x - 1 - x) for x >= -ln 2 with equality in the limit; exact miss probability of one-hot samples."""
    x = np.concatenate([np.linspace(-LN2, -1e-4, 4000), np.linspace(1e-4, 30, 4000)])
    worst = 0.0
    for multiplier in (1e-5, 0.05, 0.4, 1 / C, 1.0):
        left = np.expm1(multiplier * x) - multiplier * x
        worst = max(worst, float(np.max(left / (C * multiplier**2 * (np.expm1(x) - x)))))
    n, p, q = 25, 0.2, 0.45
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    missed = 0.0
    for i in range(n + 1):
        for j in range(n + 1):
            plug_in = float(jensen_shannon(np.array([i, n - i]) / n, np.array([j, n - j]) / n))
            if FastRate().upper(plug_in, n, n, 0.5) < truth:
                missed += float(binom.pmf(i, n, p) * binom.pmf(j, n, q))
    return Outcome(worst <= 1 + 1e-6 and missed <= 0.5, worst, "lemma on a grid; binomials enumerated")


def finite_population(rng: np.random.Generator, cases: int) -> Outcome:
    """T18: the interval of two complete means holds the value and is rounding only."""
    p, q = random_pairs(rng, min(cases, 50), 6)
    ok = True
    for a, b in zip(p, q, strict=True):
        made = certify_pooled(a, b, 100, 100, finite_population=True)
        ok &= made.value in made.interval and made.interval.width < 1e-6
    return Outcome(bool(ok), None, "random pairs of complete means")


def audit(rng: np.random.Generator, cases: int) -> Outcome:
    """T19: exact probability that the certified total variation exceeds the truth, over all outcomes of two binomials."""
    n, a, b = 20, 0.3, 0.6
    missed = sum(
        float(binom.pmf(i, n, a) * binom.pmf(j, n, b))
        for i in range(n + 1)
        for j in range(n + 1)
        if audit_counts(i, n, j, n, 0.8).total_variation_lower > b - a
    )
    return Outcome(missed <= 0.2, None, f"binomials enumerated: missed with probability {missed:.3f} of 0.2")


def seeds(rng: np.random.Generator, cases: int) -> Outcome:
    """T25: averages over seeds are at most as far apart as their members on average; attained by equal members."""
    p, q = random_pairs(rng, 3 * cases, 5)
    p, q = p.reshape(cases, 3, 5), q.reshape(cases, 3, 5)
    mean = jensen_shannon(p.mean(axis=1), q.mean(axis=1))
    each = jensen_shannon(p[:, :, None], np.broadcast_to(q[:, None], (cases, 3, 3, 5))).mean(axis=(1, 2))
    return Outcome(bool(np.all(mean <= each + SLACK)), 1.0, "random families of three seeds; equal seeds")


def blindness(rng: np.random.Generator, cases: int) -> Outcome:
    """T26: memorised answers in the retain proportions: pooled divergence 0, the joint of prompt and answer far from an oracle's."""
    retain = np.array([0.5, 0.25, 0.25])
    memorised = np.eye(3)[[0, 0, 1, 2]]
    pooled = float(jensen_shannon(memorised.mean(axis=0), retain))
    joint = float(jensen_shannon(memorised.ravel() / 4, np.tile(retain, 4) / 4))
    return Outcome(pooled == 0.0 and joint > 0.2, None, f"four prompts: pooled {pooled:g}, joint {joint:.3f} nats")


def reference(rng: np.random.Generator, cases: int) -> Outcome:
    """T27: a signal of confidence under two references, for a memoriser and for the oracle."""
    confident, unsure = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    memoriser = float(jensen_shannon(confident, confident))
    oracle_retain, oracle_unseen = float(jensen_shannon(confident, unsure)), float(jensen_shannon(unsure, unsure))
    return Outcome((memoriser, oracle_retain, oracle_unseen) == (0.0, LN2, 0.0), None, "two-point signals")


def access(rng: np.random.Generator, cases: int) -> Outcome:
    """T28: 1/2 - g against 1/2 + g has JSD phi(2g) <= 4 g^2, though the two probabilities differ."""
    worst = 0.0
    for g in (1e-6, 1e-3, 0.1, 0.4):
        p, q = np.array([0.5 - g, 0.5 + g]), np.array([0.5 + g, 0.5 - g])
        value = float(jensen_shannon(p, q))
        if abs(value / float(phi(2 * g)) - 1) > 1e-9 or float(total_variation(p, q)) <= 0:
            return Outcome(False, None, f"g = {g}")
        worst = max(worst, value / (4 * g * g))
    return Outcome(worst <= 1.0, worst, "largest JSD over 4 g^2 (1/2 as g -> 0)")


def counts(rng: np.random.Generator, cases: int) -> Outcome:
    """T29: its lemma on a grid, the concentration bound and the whole interval by enumeration."""
    x = np.concatenate([np.linspace(-60, -1e-3, 4000), np.linspace(1e-3, LN2, 4000)])
    worst = 0.0
    for multiplier in (0.05, 0.3, 1.0):
        left = np.expm1(multiplier * x) - multiplier * x
        worst = max(worst, float(np.max(left / (lower_slope(multiplier) * (np.expm1(-x) + x)))))
    n, p = 20, 0.3
    k = np.arange(n + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(k > 0, k * np.log(k / n / p), 0) + np.where(k < n, (n - k) * np.log((1 - k / n) / (1 - p)), 0)
    tail = float(binom.pmf(k, n, p)[cost > divergence_level(1, 0.1)].sum())
    q, missed = 0.9, 0.0
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    for i in range(n + 1):
        for j in range(n + 1):
            if truth not in certify_counts_jsd([i, n - i], [j, n - j], 0.8).interval:
                missed += float(binom.pmf(i, n, p) * binom.pmf(j, n, q))
    return Outcome(worst <= 1 + 1e-9 and tail <= 0.1 and missed <= 0.2, worst, "lemma on a grid; binomials enumerated")


CHECKS: dict[str, Check] = {
    "T14": oracle_triangle,
    "T17": fast_rate,
    "T18": finite_population,
    "T19": audit,
    "T25": seeds,
    "T26": blindness,
    "T27": reference,
    "T28": access,
    "T29": counts,
}
"""Theorem id -> check."""
