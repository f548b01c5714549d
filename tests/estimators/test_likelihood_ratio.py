"""Certified JSD, TV, AUC, pooled bounds and audit bounds against closed forms; 1e-6 false alarms a test."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import mari_theory as mt
from estimators import (
    INTERVALS,
    Betting,
    Hoeffding,
    certify_likelihood_ratio,
    information_terms,
)
from mari_theory.families import PAIRS, CategoricalPair, GaussianPair
from tests.estimators.exact import limit

LN2 = math.log(2)
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Log-likelihoods under P and Q, and arms."""


def rows(pair: CategoricalPair | GaussianPair, n: int, rng: np.random.Generator, coin: bool = False) -> Rows:
    arm = rng.integers(0, 2, n) if coin else np.repeat([0, 1], n // 2)
    x = np.where(arm == 0, pair.sample(0, arm.size, rng), pair.sample(1, arm.size, rng))
    log_p, log_q = pair.log_likelihoods(x)
    return log_p, log_q, arm


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
def test_bad_scores_are_refused(rng: np.random.Generator, change: Callable[..., Rows], words: str) -> None:
    with pytest.raises(mt.ArgumentError, match=words):
        certify_likelihood_ratio(*change(*rows(PAIRS["bernoulli"], 100, rng)))


def test_columns_of_different_lengths_are_refused() -> None:
    from estimators.likelihood_ratio import check_scores

    with pytest.raises(mt.ArgumentError, match="one length"):
        check_scores(np.zeros(3), np.zeros(4), np.zeros(4, dtype=int))
