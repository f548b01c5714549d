"""What each assumption is for: a case in which the bound breaks as soon as the assumption is dropped.

Every row returns attained over bound, or misses over the misses allowed: above 1, so the assumption cannot go.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from estimators.audit import audit_counts
from estimators.discrete_intervals import certify_counts_jsd, lower_slope
from estimators.intervals import Betting
from estimators.pooled import FastRate, certify_pooled
from mari_theory import (
    binary_jsd,
    entropy,
    entropy_gap,
    gibbs_terms,
    jensen_shannon,
    max_accuracy,
    max_tpr,
    max_word_probability,
    mixture_bound,
    prompts_told_apart,
)
from mari_theory.fenchel import FENCHEL
from proofs.certified import antithetic_misses

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
COIN = np.array([0.5, 0.5])


@dataclass(frozen=True)
class Assumption:
    """`broken()` is attained over bound where `what` fails; `case` says where."""

    theorem: str
    what: str
    case: str
    broken: Callable[[], float]


def _raw_jsd(p: Floats, q: Floats) -> float:
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(sum(np.where(x > 0, x * np.log(x / m), 0.0).sum() for x in (p, q)) / 2)


def _unnormalised() -> float:
    return _raw_jsd(np.array([1.1, 0.0]), np.array([0.0, 1.1])) / LN2


def _rows_above_one() -> float:
    p, q = np.array([0.3, 0.7]), COIN
    return _raw_jsd(1.01 * p, 1.01 * q) / float(jensen_shannon(p, q))


def _weighted_triangle() -> float:
    p, r = np.eye(2)
    ratios = []
    for t in np.linspace(0.01, 0.99, 99):
        q = np.array([1 - t, t])
        side, one, two = (math.sqrt(float(jensen_shannon(a, b, 0.02))) for a, b in ((p, r), (p, q), (q, r)))
        ratios.append(side / (one + two))
    return max(ratios)


def _likelier_arm() -> float:
    return 0.9 / float(max_accuracy(0.0))


def _threshold_in_hindsight() -> float:
    return 1.0 / float(max_tpr(0.5, 0.01))


def _oscillation_understated() -> float:
    p, q = np.array([0.49, 0.51]), np.array([0.51, 0.49])
    return 1000 * 0.02 / math.sqrt(2 * float(jensen_shannon(p, q)))


def _dependent_outputs() -> float:
    same, different = np.array([0.5, 0, 0, 0.5]), np.array([0.12, 0.42, 0.36, 0.1])
    parts = [jensen_shannon(*(x.reshape(2, 2).sum(axis=k) for x in (same, different))) for k in (0, 1)]
    return float(jensen_shannon(same, different)) / float(sum(parts))


def _weight_never_updated() -> float:
    p, q = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    return 2 * float(jensen_shannon(p, q)) / float(jensen_shannon(np.outer(p, p).ravel(), np.outer(q, q).ravel()))


def _share_understated() -> float:
    p, f = np.eye(2)
    return float(jensen_shannon(p, f)) / mixture_bound(float(jensen_shannon(p, f)), 0.9)


def _copied_rows() -> float:
    rng = np.random.default_rng(0)
    rows = (rng.permutation(np.repeat((rng.random(20) < 0.3).astype(float), 50)) for _ in range(100))
    return sum(0.3 not in Betting().interval(y, 0.95) for y in rows) / 100 / 0.05


def _band_point_by_point() -> float:
    rng = np.random.default_rng(0)
    grid = np.arange(1, 100) / 100
    half = norm.ppf(0.975) * np.sqrt(grid * (1 - grid) / 100)
    samples = (np.sort(rng.random(100)) for _ in range(200))
    left = sum(bool(np.any(np.abs(np.searchsorted(u, grid) / 100 - grid) > half)) for u in samples)
    return left / 200 / 0.05


def _copied_distributions() -> float:
    rng = np.random.default_rng(1)
    truth = float(jensen_shannon(COIN, np.array([0.8, 0.2])))
    missed = 0
    for _ in range(200):
        x, y = rng.binomial(4, 0.5) / 4, rng.binomial(4, 0.8) / 4
        plug_in = float(jensen_shannon(np.array([x, 1 - x]), np.array([y, 1 - y])))
        missed += FastRate().upper(plug_in, 4000, 4000, 0.9) < truth
    return missed / 200 / 0.1


def _part_of_the_population() -> float:
    rng = np.random.default_rng(2)
    retain, forget = rng.dirichlet(np.ones(3), size=(2, 1000))
    part = certify_pooled(retain[:20].mean(0), forget[:20].mean(0), 20, 20, finite_population=True).interval
    truth = float(jensen_shannon(retain.mean(0), forget.mean(0)))
    return max(part.lower / truth, truth / part.upper)


def _detector_picked_on_the_counted_rows() -> float:
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(50):
        votes = rng.random((2, 2000, 200)) < 0.5
        a, b = max(votes.sum(axis=2).T.tolist(), key=lambda rates: rates[1] - rates[0])
        missed += audit_counts(a, 200, b, 200, 0.95).total_variation_lower > 0.0
    return missed / 50 / 0.05


def _level_not_split() -> float:
    return (1 - 0.95**20) / 0.05


def _critic_off_the_domain() -> float:
    p, q = np.array([0.6, 0.4]), np.array([0.4, 0.6])
    critic = np.array([1.0, -1.0])
    return float(p @ critic - q @ critic) / float(FENCHEL["total-variation"].divergence(p, q))


def _reward_without_the_penalty() -> float:
    reward = np.array([1.0, 0.0])
    return 1.0 / math.log(float(COIN @ np.exp(reward)))


def _members_read_off_the_average() -> float:
    p, q = np.array([[1.0, 0.0], [0.2, 0.8]]), np.array([[0.0, 1.0], [0.9, 0.1]])
    average = float(jensen_shannon(p.mean(0), q.mean(0)))
    return min(float(jensen_shannon(a, b)) for a, b in zip(p, q, strict=True)) / average


def _other_proportions() -> float:
    memorised = np.array([0.75, 0.25])
    return float(jensen_shannon(memorised, COIN)) / 1e-3


def _probabilities_read() -> float:
    g = 1e-6
    p = np.array([0.5 - g, 0.5 + g])
    return 1.0 / float(max_accuracy(float(jensen_shannon(p, p[::-1]))))


def _copied_counts() -> float:
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(100):
        x, y = rng.binomial(10, 0.5, size=2)
        made = certify_counts_jsd([100 * x, 1000 - 100 * x], [100 * y, 1000 - 100 * y], 0.95)
        missed += made.interval.lower > 0.0
    return missed / 100 / 0.05


def _antithetic_arms() -> float:
    return antithetic_misses(0.7, 10_000, 1e-4, 0.065, "independent") / 1e-4


def _antithetic_counts() -> float:
    # T29's linear term at one l: one binomial moves both arms' psi together.
    a, n, delta, step = 0.6, 100_000, 1e-8, 0.065
    k = np.arange(n + 1)
    psi = (k * math.log(2 * a) + (n - k) * math.log(2 * (1 - a))) / n
    bound = (1 + lower_slope(step) / step) * float(binary_jsd(a, 1 - a)) + math.log(1 / delta) / (2 * step * n)
    return float(binom.pmf(k, n, a)[psi > bound].sum()) / delta


def _arm_that_follows_the_claim() -> float:
    # Every row from arm 1: its claim is right too often.
    p, q = COIN, np.array([1.0, 0.0])
    terms = gibbs_terms(np.log(p[:1]), np.log(q[:1]), np.ones(1, dtype=int))
    return float(terms[0]) / float(jensen_shannon(p, q))


def _calibrated_but_coarse() -> float:
    p, q = np.array([0.6, 0.2, 0.2]), np.array([0.2, 0.6, 0.2])
    merged = np.array([[1, 0], [0, 1], [1, 0]])
    return float(jensen_shannon(p, q)) / float(jensen_shannon(p @ merged, q @ merged))


def _pooled_for_mean() -> float:
    # 60 prompts, all told apart; 33 of the answers are swapped one way, 27 the other, so the pooled laws nearly agree.
    pooled = float(jensen_shannon(np.array([33, 27]) / 60, np.array([27, 33]) / 60))
    return 60 / max(prompts_told_apart(pooled, 60), 1)


def _vocabulary_understated() -> float:
    certain, spread = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.7, 0.1, 0.1, 0.1])
    return float(entropy(spread) - entropy(certain)) / float(entropy_gap(0.3, 3))


def _word_at_unequal_priors() -> float:
    p, q = np.array([0.01, 0.99]), np.array([0.03, 0.97])
    return q[0] / float(max_word_probability(p[0], float(jensen_shannon(p, q, 0.02))))


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption("T2", "the laws sum to 1", "two disjoint arms of mass 1.1", _unnormalised),
    Assumption("T3", "the channel's rows sum to 1", "rows of sum 1.01", _rows_above_one),
    Assumption("T4", "w = 1/2", "w = 0.02, a law between two disjoint ones", _weighted_triangle),
    Assumption("T5", "equal priors", "a prior of 0.9 and equal arms: guess the likelier", _likelier_arm),
    Assumption("T6", "one test, fixed before the row", "the threshold chosen after seeing it", _threshold_in_hindsight),
    Assumption("T9", "osc(g) is the true oscillation", "1,000 counted as 1", _oscillation_understated),
    Assumption("T10", "independent outputs", "two outputs that tell the arm only together", _dependent_outputs),
    Assumption("T11", "w_t is the running posterior", "two equal steps, weight kept at 1/2", _weight_never_updated),
    Assumption("T12", "rho is the true share", "share 1 read as 0.9", _share_understated),
    Assumption("T15", "rows are i.i.d.", "every row copied 50 times, in random order", _copied_rows),
    Assumption("T16", "a band, all points at once", "95 % point by point, 99 points", _band_point_by_point),
    Assumption("T17", "the n distributions are i.i.d.", "4 distributions counted as 4,000", _copied_distributions),
    Assumption("T17", "the arms are independent of each other", "p_i = 1[U < 0.7], q_i = 1 - p_i: n = 10,000, delta = 1e-4, l = 0.065", _antithetic_arms),
    Assumption("T18", "the means are over the complete sets", "20 of 1,000", _part_of_the_population),
    Assumption("T19", "detector fixed before the counted rows", "best of 2,000 coins on the rows counted, equal arms", _detector_picked_on_the_counted_rows),
    Assumption("T20", "the level is split", "twenty statements at 95 % each", _level_not_split),
    Assumption("T21", "the critic lies in the domain of f*", "total variation with a critic of +-1", _critic_off_the_domain),
    Assumption("T22", "the KL penalty counts", "reward alone, all mass on the best answer", _reward_without_the_penalty),
    Assumption("T25", "a statement on averages over seeds", "read as one on single seeds", _members_read_off_the_average),
    Assumption("T26", "memorised answers in the retain proportions", "3 : 1 instead of 1 : 1", _other_proportions),
    Assumption("T28", "the adversary sees one sampled answer", "one who reads probabilities", _probabilities_read),
    Assumption("T29", "observations are independent", "10 of them counted as 1,000, equal laws", _copied_counts),
    Assumption("T29", "the arms are independent of each other", "antithetic, the linear term: n = 100,000, delta = 1e-8, l = 0.065", _antithetic_counts),
    Assumption("T31", "the arm is a fair coin", "every row from arm 1", _arm_that_follows_the_claim),
    Assumption("T31", "a calibrated claim bounds from below", "read from above, two of three symbols merged", _calibrated_but_coarse),
    Assumption("T32", "J is the mean over prompts", "the divergence of pooled laws taken for it", _pooled_for_mean),
    Assumption("T37", "V counts every symbol", "4 counted as 3", _vocabulary_understated),
    Assumption("T38", "equal priors", "the divergence at w = 0.02 taken for it", _word_at_unequal_priors),
)  # fmt: skip
"""One row an assumption."""
