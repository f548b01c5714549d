"""Certified JSD, TV, AUC, pooled bounds and audit bounds against closed forms; 1e-6 false alarms a test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

import mari_theory as mt
from estimators import (
    INTERVALS,
    Betting,
    BoundedDifferences,
    FastRate,
    Hoeffding,
    audit_counts,
    audit_scores,
    certify_likelihood_ratio,
    certify_pooled,
    information_terms,
)
from estimators.pooled import MULTIPLIERS, upper_slope
from mari_theory.families import PAIRS, CategoricalPair, GaussianPair

LN2 = math.log(2)


def rows(pair: CategoricalPair | GaussianPair, n: int, rng: np.random.Generator, coin: bool = False):
    arm = rng.integers(0, 2, n) if coin else np.repeat([0, 1], n // 2)
    x = np.where(arm == 0, pair.sample(0, arm.size, rng), pair.sample(1, arm.size, rng))
    return (*pair.log_likelihoods(x), arm)


def limit(replicates: int, rate: float) -> int:
    """Most misses at this rate but for one in a million."""
    return int(binom.isf(1e-6, replicates, rate))


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("name", [n for n in PAIRS if n != "disjoint"])
def test_jsd_and_tv_intervals_cover(rng: np.random.Generator, name: str, interval: str) -> None:
    pair, replicates, missed = PAIRS[name], 60, [0, 0]
    for k in range(replicates):
        r = certify_likelihood_ratio(*rows(pair, 200, rng, coin=bool(k % 2)), 0.9, INTERVALS[interval], "iid")
        missed[0] += pair.jsd() not in r.jsd.interval
        missed[1] += min(pair.total_variation(), 1.0) not in r.total_variation.interval
    assert max(missed) <= limit(replicates, 0.1)


def test_gaussian_arms_cover_and_the_roc_band_holds_the_true_curve(rng: np.random.Generator) -> None:
    from scipy.stats import norm

    pair, missed = GaussianPair(0.0, 1.0, 1.0, 1.0), 0
    for _ in range(60):
        r = certify_likelihood_ratio(*rows(pair, 400, rng), 0.9)
        truth = norm.sf(norm.isf(np.clip(r.roc.fpr, 1e-12, 1 - 1e-12)) - 1)
        inside = np.all((r.roc.tpr_low <= truth + 1e-9) & (truth <= r.roc.tpr_high + 1e-9))
        auc = float(norm.cdf(1 / math.sqrt(2)))
        missed += not (inside and auc in r.auc.interval)
    assert missed <= limit(60, 0.1)


def test_disjoint_arms_are_certain(rng: np.random.Generator) -> None:
    r = certify_likelihood_ratio(*rows(PAIRS["disjoint"], 2000, rng), design="iid")
    assert r.jsd.value == pytest.approx(LN2, abs=1e-15)
    assert r.jsd.interval.upper == pytest.approx(LN2, abs=1e-15)
    assert r.jsd.interval.lower > 0.68


def test_information_terms_have_the_right_means() -> None:
    for pair in PAIRS.values():
        p, q = pair.arms()
        with np.errstate(divide="ignore"):
            y, t = information_terms(np.log(p), np.log(q))
        m = (p + q) / 2
        assert (m * y).sum() == pytest.approx(pair.jsd(), abs=1e-14)
        assert (m * t).sum() == pytest.approx(pair.total_variation(), abs=1e-14)


def test_the_stratified_trap_is_avoided(rng: np.random.Generator) -> None:
    """T15: pairs are i.i.d. even when the file lists first P, then Q; fed in as they stand the rows drift."""
    pair = CategoricalPair((1.0, 0.0), (0.98, 0.02))
    missed = 0
    for _ in range(200):
        r = certify_likelihood_ratio(*rows(pair, 2000, rng), 0.9)
        missed += pair.jsd() not in r.jsd.interval
    assert missed <= limit(200, 0.1)


def test_designs_without_identical_rows_need_hoeffding(rng: np.random.Generator) -> None:
    data = rows(PAIRS["bernoulli"], 100, rng)
    certify_likelihood_ratio(*data, interval=Hoeffding(), design="independent")
    for stated in ("independent", None):
        assert certify_likelihood_ratio(*data, design=stated).jsd.interval.method == "order-free"
        with pytest.raises(mt.ArgumentError, match="hoeffding"):
            certify_likelihood_ratio(*data, interval=Betting(), design=stated)


def test_arms_of_any_size_weigh_half_each(rng: np.random.Generator) -> None:
    """40 draws of P and 20 of Q: every row counts, no row of the larger arm is preferred. 300 replicates, budget 1e-6."""
    pair, missed = PAIRS["bernoulli"], 0
    for _ in range(300):
        x = np.concatenate([pair.sample(0, 400, rng), pair.sample(1, 200, rng)])
        r = certify_likelihood_ratio(*pair.log_likelihoods(x), np.repeat([0, 1], [400, 200]), 0.9)
        missed += pair.jsd() not in r.jsd.interval
    assert missed <= limit(300, 0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p, q, a: (p, q, np.zeros_like(a)), "both arms"),
        (lambda p, q, a: (p, q, a + 1), "only 0"),
        (lambda p, q, a: (np.where(a == 0, np.nan, p), q, a), "NaN"),
        (lambda p, q, a: (p + 5.0, q, a), "at most 0"),
        (lambda p, q, a: (np.full_like(p, np.inf), q, a), "at most 0"),
        (lambda p, q, a: (np.full_like(p, -np.inf), q, a), "finite"),
    ],
)
def test_bad_scores_are_refused(rng: np.random.Generator, change, words: str) -> None:
    with pytest.raises(mt.ArgumentError, match=words):
        certify_likelihood_ratio(*change(*rows(PAIRS["bernoulli"], 100, rng)))


def test_columns_of_different_lengths_are_refused() -> None:
    from estimators.likelihood_ratio import check_scores

    with pytest.raises(mt.ArgumentError, match="one length"):
        check_scores(np.zeros(3), np.zeros(4), np.zeros(4, dtype=int))


@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_pooled_upper_bound_covers_and_beats_the_baseline(rng: np.random.Generator, gap: float) -> None:
    vocab, n, missed = 400, 300, 0
    base = rng.dirichlet(np.ones(vocab))
    other = (1 - gap) * base + gap * rng.dirichlet(np.ones(vocab))
    truth = float(mt.jensen_shannon(base, other))
    for _ in range(100):
        p, q = (rng.dirichlet(50 * law, size=n).mean(0) for law in (base, other))
        made = certify_pooled(p, q, n, n, 0.9)
        missed += truth not in made.interval
        assert made.interval.upper < BoundedDifferences().upper(made.value, n, n, 0.9)
    assert missed <= limit(100, 0.1)


def test_pooled_one_hot_rows_cover(rng: np.random.Generator) -> None:
    """The hardest rows for T17: one-hot, that is plain counts."""
    law, missed = np.array([0.97, 0.02, 0.01]), 0
    for _ in range(300):
        p, q = (rng.multinomial(50, law) / 50 for _ in range(2))
        missed += 0.0 not in certify_pooled(p, q, 50, 50, 0.9).interval
    assert missed == 0
    other, truth, missed = np.array([0.5, 0.3, 0.2]), 0.0, 0
    truth = float(mt.jensen_shannon(law, other))
    for _ in range(300):
        p, q = rng.multinomial(50, law) / 50, rng.multinomial(50, other) / 50
        missed += truth not in certify_pooled(p, q, 50, 50, 0.9).interval
    assert missed <= limit(300, 0.1)


def test_the_fast_rate_constant_is_the_theorems() -> None:
    limit_at_0 = LN2**2 / (2 * LN2 - 1)
    assert pytest.approx(1.24375, abs=1e-5) == limit_at_0
    assert all(upper_slope(k) < limit_at_0 * k * k for k in MULTIPLIERS)
    # At a plug-in of 0 the best l maximises l - c_l; no other multiplier does better.
    best = FastRate(multipliers=MULTIPLIERS[:1]).upper(0.0, 1000, 2000, 0.95)
    assert best == pytest.approx(math.log(20) / (2000 * 0.222813), rel=1e-5)
    assert all(FastRate(multipliers=(k,)).upper(0.0, 1000, 2000, 0.95) > best for k in (0.45, 0.49, 0.3, 0.7))


@pytest.mark.parametrize("k", [1e-3, 0.1, 0.4712, 0.9, 1.0])
def test_the_lemma_behind_the_fast_rate_is_sharp_at_its_constant(k: float) -> None:
    """e^{lx} - 1 - lx <= c_l (e^x - 1 - x) for x >= -ln 2 and 0 < l <= 1, attained at x = -ln 2 (proof of T17)."""
    x = np.concatenate([np.linspace(-LN2, -1e-2, 400), np.linspace(1e-2, 6, 400)])
    ratio = (np.expm1(k * x) - k * x) / (np.expm1(x) - x)
    assert np.max(ratio) <= upper_slope(k) * (1 + 1e-9)
    assert np.max(ratio) > 0.999999 * upper_slope(k)
    assert np.all(np.diff(ratio) <= 1e-9)


def test_the_lemma_holds_for_random_laws(rng: np.random.Generator) -> None:
    """ln E_P e^{l (psi - E psi)} <= c_l KL(P || M) with psi = ln(M/P)."""
    p, q = rng.dirichlet(np.full(6, 0.3), size=(2, 5000))
    m = (p + q) / 2
    psi, kl = np.log(m / p), mt.kl(p, m)
    for k in (0.05, 0.4, 1.0):
        moment = np.log((p * np.exp(k * (psi + kl[:, None]))).sum(1))
        assert np.all(moment <= upper_slope(k) * kl + 1e-12)


def test_finite_populations_carry_rounding_only(rng: np.random.Generator) -> None:
    p, q = rng.dirichlet(np.ones(1000), size=2)
    made = certify_pooled(p, q, 1000, 2000, finite_population=True)
    assert float(mt.jensen_shannon(p, q)) in made.interval
    assert made.interval.width < 1e-4


@pytest.mark.parametrize(("n", "m"), [(0, 5), (5, -1)])
def test_pool_counts_are_checked(n: int, m: int) -> None:
    with pytest.raises(mt.ArgumentError, match="counts"):
        certify_pooled(np.array([1.0]), np.array([1.0]), n, m)


def test_audit_bounds_stay_below_the_truth(rng: np.random.Generator) -> None:
    pair, missed = GaussianPair(0.0, 1.0, 0.8, 1.0), 0
    for _ in range(200):
        b = audit_scores(pair.sample(0, 200, rng), pair.sample(1, 200, rng), 0.9)
        missed += b.jsd_lower > pair.jsd() or b.total_variation_lower > pair.total_variation()
    assert missed <= limit(200, 0.1)


def test_an_inverted_detector_proves_as_much() -> None:
    assert audit_counts(10, 100, 80, 100).jsd_lower == pytest.approx(audit_counts(90, 100, 20, 100).jsd_lower)


@pytest.mark.parametrize("counts", [(1, 0, 1, 5), (6, 5, 1, 5), (-1, 5, 1, 5)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(mt.ArgumentError):
        audit_counts(*counts)
