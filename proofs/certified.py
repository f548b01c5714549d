"""Property checks of the statements behind certificates (T14 to T20, T24 to T29): lemmas on dense grids with their sharp
constants, exact enumeration of small samples, and the explicit constructions."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from scipy.special import entr, softmax
from scipy.stats import binom, multinomial

from estimators.audit import audit_counts
from estimators.bands import BANDS, coverage
from estimators.discrete_intervals import (
    certify_counts_entropy,
    certify_counts_jsd,
    certify_table_mi,
    divergence_level,
    entropy_step,
    lower_slope,
)
from estimators.intervals import Betting, ClopperPearson
from estimators.likelihood_ratio import information_terms
from estimators.pooled import Arms, FastRate, certify_pooled, upper_slope
from mari_theory import binary_jsd, jensen_shannon, oracle_bound, phi, squared_hellinger, total_variation
from proofs.properties import SLACK, Check, Outcome, random_pairs

LN2 = math.log(2.0)
BIAS = 1.0
"""T30's constant on the bias of the plug-in entropy."""
CONVEXITY = 1.0
"""T25's constant: the averages' divergence over the average divergence."""


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


def known_likelihoods(rng: np.random.Generator, cases: int) -> Outcome:
    """T15: the three means are the divergences, term by term; exact miss probability of betting over all sequences of ten coins."""
    p, q = random_pairs(rng, cases, 5)
    mean = (p + q) / 2
    with np.errstate(divide="ignore"):
        y, lean = information_terms(np.log(p), np.log(q))
    eta = np.divide(q, p + q, out=np.full_like(q, 0.5), where=mean > 0)
    found = [(mean * v).sum(axis=1) for v in (y, lean, 1 - 2 * np.sqrt(eta * (1 - eta)))]
    wanted = [jensen_shannon(p, q), total_variation(p, q), squared_hellinger(p, q)]
    ok = all(np.allclose(a, b, rtol=1e-9, atol=1e-13) for a, b in zip(found, wanted, strict=True))
    n, worst = 10, 0.0
    sequences = np.array(list(product((0.0, 1.0), repeat=n)))
    made = [Betting().interval(s, 0.6) for s in sequences]
    ones = sequences.sum(axis=1)
    for share in (0.1, 0.5, 0.8):
        weight = share**ones * (1 - share) ** (n - ones)
        worst = max(worst, float(weight[[share not in i for i in made]].sum()))
    note = (
        f"means on random pairs; betting misses with probability at most {worst:.3f} of 0.4, all sequences enumerated"
    )
    return Outcome(ok and worst <= 0.4, None, note)


def bands(rng: np.random.Generator, cases: int) -> Outcome:
    """T16: the exact joint coverage of both bands; the equal-local-levels band spends its whole level."""
    n = 40
    index = np.arange(1, n + 1)
    found = {}
    for name, band in BANDS.items():
        low, high = band.limits(n, 0.9)
        found[name] = coverage(n, index, low[1:], high[:-1])
    ok = min(found.values()) >= 0.9 - 1e-9
    return Outcome(ok, 0.9 / found["equal-local-levels"], ", ".join(f"{k} covers {v:.4f}" for k, v in found.items()))


def union(rng: np.random.Generator, cases: int) -> Outcome:
    """T20: two Clopper-Pearson intervals at half the level hold together, by enumeration."""
    n = 15
    chances = (0.2, 0.7)
    inside = [
        sum(float(binom.pmf(k, n, p)) for k in range(n + 1) if p in ClopperPearson().counts(k, n, 0.9)) for p in chances
    ]
    held = inside[0] * inside[1]
    return Outcome(held >= 0.8, None, f"two intervals at 0.9 hold together with probability {held:.3f} >= 0.8")


def logit_gradient(rng: np.random.Generator, cases: int) -> Outcome:
    """T24: (1-w) p (ln(p/m) - sum p ln(p/m)) against central differences in the logits."""
    worst = 0.0
    for _ in range(min(cases, 200)):
        z, q, w = rng.normal(size=6), rng.dirichlet(np.ones(6)), float(rng.uniform(0.05, 0.95))
        p = softmax(z)
        ratio = np.log(p / ((1 - w) * p + w * q))
        closed = (1 - w) * p * (ratio - np.sum(p * ratio))
        step = 1e-5
        moved = np.eye(6) * step
        numeric = (
            jensen_shannon(softmax(z + moved, axis=1), q, w) - jensen_shannon(softmax(z - moved, axis=1), q, w)
        ) / (2 * step)
        worst = max(worst, float(np.max(np.abs(numeric - closed))))
    return Outcome(worst < 1e-8, None, f"random logits: largest difference {worst:.1e}")


def fast_rate(rng: np.random.Generator, cases: int) -> Outcome:
    """T17: e^{lx} - 1 - lx <= c_l (e^x - 1 - x) for x >= -ln 2, equality at -ln 2; exact miss probability of one-hot samples, arms
    independent of each other or antithetic."""
    x = np.concatenate([np.linspace(-LN2, -1e-4, 4000), np.linspace(1e-4, 30, 4000)])
    worst = 0.0
    for multiplier in (1e-3, 0.05, 0.4, 0.8, 1.0):
        left = np.expm1(multiplier * x) - multiplier * x
        worst = max(worst, float(np.max(left / (upper_slope(multiplier) * (np.expm1(x) - x)))))
    n, p, q = 25, 0.2, 0.45
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    missed = 0.0
    for i in range(n + 1):
        for j in range(n + 1):
            plug_in = float(jensen_shannon(np.array([i, n - i]) / n, np.array([j, n - j]) / n))
            if FastRate().upper(plug_in, n, n, 0.5) < truth:
                missed += float(binom.pmf(i, n, p) * binom.pmf(j, n, q))
    opposed = max(
        *(
            antithetic_misses(a, k, 1e-4, 0.065, "dependent") / 1e-4
            for a, k in ((0.7, 10_000), (0.6, 20_000), (0.9, 500))
        ),
        *(antithetic_misses(0.6, k, 0.1, 0.3, "dependent") / 0.1 for k in (10, 100, 1000)),
    )
    ok = worst <= 1 + 1e-6 and missed <= 0.5 and opposed <= 1
    note = f"lemma on a grid; binomials enumerated; antithetic arms miss with at most {opposed:.2g} of delta"
    return Outcome(ok, worst, note)


def antithetic_misses(a: float, n: int, delta: float, multiplier: float, arms: Arms) -> float:
    """Exact probability that T17's bound at one l misses, where p_i = 1[U_i < a] and q_i = 1 - p_i: one binomial decides both arms."""
    k = np.arange(n + 1)
    plug_in, truth = binary_jsd(k / n, 1 - k / n), float(binary_jsd(a, 1 - a))
    bound = FastRate(multipliers=(multiplier,))
    missed = np.array([bound.upper(float(f), n, n, 1 - delta, arms) < truth for f in plug_in])
    return float(binom.pmf(k[missed], n, a).sum())


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
    a, b = p[0, 0], q[0, 0]
    equal = jensen_shannon(np.stack([a, a, a]).mean(axis=0), np.stack([b, b, b]).mean(axis=0)) / jensen_shannon(a, b)
    ok = bool(np.all(mean <= CONVEXITY * each + SLACK)) and float(equal) <= CONVEXITY + SLACK
    return Outcome(ok, float(equal), "random families of three seeds; equal seeds")


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
    opposed = 0.0
    for a in (0.3, 0.5, 0.9):
        law = np.array([a, 1 - a])
        held = float(jensen_shannon(law, law[::-1]))
        inside = [held in certify_counts_jsd([i, n - i], [n - i, i], 0.8, arms_independent=False).interval for i in k]
        opposed = max(opposed, float(binom.pmf(k, n, a)[~np.array(inside)].sum()))
    ok = worst <= 1 + 1e-9 and tail <= 0.1 and max(missed, opposed) <= 0.2
    return Outcome(ok, worst, "lemma on a grid; binomials enumerated, arms independent or antithetic")


def plug_in_entropy(rng: np.random.Generator, cases: int) -> Outcome:
    """T30: bias range and the largest step by enumeration; miss probabilities of the entropy and the table intervals."""
    n, worst, missed = 20, 0.0, 0.0
    k = np.arange(n + 1)
    h = np.array([entr(x / n) + entr(1 - x / n) for x in k])
    step = float(np.max(np.abs(np.diff(h))))
    for p in (0.5, 0.3, 0.02):
        law = binom.pmf(k, n, p)
        truth = float(entr(p) + entr(1 - p))
        bias = truth - float(law @ h)
        worst = max(worst, bias / (BIAS * math.log1p(1 / n)))
        out = [truth not in certify_counts_entropy([x, n - x], 0.8).interval for x in k.tolist()]
        missed = max(missed, float(law[np.array(out)].sum()))
    ok = worst <= 1 and missed <= 0.2 and step <= entropy_step(n) * (1 + 1e-9)
    n, joint = 8, np.array([[0.4, 0.1], [0.1, 0.4]])
    truth = float(np.sum(joint * np.log(joint / np.outer(joint.sum(1), joint.sum(0)))))
    tables = [t for t in product(range(n + 1), repeat=4) if sum(t) == n]
    held = [truth in certify_table_mi(np.reshape(t, (2, 2)), 0.8).interval for t in tables]
    missed = float(np.sum(multinomial.pmf(np.array(tables), n, joint.ravel())[~np.array(held)]))
    note = f"binomials and 2 x 2 tables enumerated; largest bias over its bound {worst:.3f}"
    return Outcome(bool(ok and missed <= 0.2), step / entropy_step(n=20), note)


CHECKS: dict[str, Check] = {
    "T14": oracle_triangle,
    "T15": known_likelihoods,
    "T16": bands,
    "T17": fast_rate,
    "T18": finite_population,
    "T19": audit,
    "T20": union,
    "T24": logit_gradient,
    "T25": seeds,
    "T26": blindness,
    "T27": reference,
    "T28": access,
    "T29": counts,
    "T30": plug_in_entropy,
}
"""Theorem id -> check."""
