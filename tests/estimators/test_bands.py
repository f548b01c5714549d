"""Simultaneous bands, certified ROC and AUC, and the two-sample tests. False-alarm budgets are binomial at 1e-6."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from estimators import (
    BANDS,
    ClassifierTest,
    EqualLocalLevels,
    EquivalenceTest,
    MMDTest,
    certify_auc,
    certify_roc,
)
from estimators.bands import DKWBand, coverage
from estimators.two_sample import accuracy_p_value
from mari_theory import ArgumentError


def band_misses(name: str, n: int, confidence: float, replicates: int, rng: np.random.Generator) -> int:
    low, high = BANDS[name].limits(n, confidence)
    u = np.sort(rng.random((replicates, n)), axis=1)
    inside = np.all((u >= low[1:]) & (u <= high[:-1]), axis=1)
    # F(t) = t just right of the i-th point must be above low[i], just left of the next below high[i].
    return int(np.sum(~inside))


@pytest.mark.parametrize("name", BANDS)
@pytest.mark.parametrize("n", [3, 40, 900])
def test_bands_cover_at_their_level(name: str, n: int, rng: np.random.Generator) -> None:
    misses = band_misses(name, n, 0.9, 2000, rng)
    assert misses <= binom.isf(1e-6, 2000, 0.1)
    if name == "equal-local-levels":
        assert misses >= binom.isf(1 - 1e-6, 2000, 0.1)  # exact: the level is spent, all of it


def test_equal_local_levels_are_sharper_in_the_tails_and_not_much_wider_inside() -> None:
    ours, dkw = EqualLocalLevels().limits(1000, 0.95), DKWBand().limits(1000, 0.95)
    assert ours[1][0] < dkw[1][0] / 5
    assert ours[1][500] - ours[0][500] < 1.3 * (dkw[1][500] - dkw[0][500])


def test_joint_coverage_by_hand() -> None:
    # Two uniforms: P(U1 >= 0.2, U2 <= 0.9) = 0.7^2 for the ordered pair.
    assert coverage(2, np.array([1, 2]), np.array([0.2, 0.0]), np.array([1.0, 0.9])) == pytest.approx(0.49, abs=1e-12)
    assert coverage(2, np.array([1, 2]), np.array([0.0, 0.5]), np.array([0.5, 1.0])) == pytest.approx(0.5, abs=1e-12)
    assert coverage(2, np.array([1, 2]), np.array([0.6, 0.0]), np.array([1.0, 0.5])) == 0.0


@pytest.mark.parametrize("name", BANDS)
def test_roc_band_holds_the_true_curve(name: str, rng: np.random.Generator) -> None:
    """Normal shift 1, ties by rounding in half the runs; all rates together, 150 replicates."""
    from scipy.special import ndtr, ndtri

    misses = 0
    for r in range(150):
        p, q = rng.normal(size=150), rng.normal(1, 1, 150)
        if r % 2:
            step = 0.5
            p, q = np.round(p / step) * step, np.round(q / step) * step
            cuts = (np.arange(-20, 20) - 0.5) * step
            fpr, tpr = 1 - ndtr(cuts), 1 - ndtr(cuts - 1)
            rates = np.linspace(0.001, 0.999, 200)
            truth = np.interp(rates, fpr[::-1], tpr[::-1])
        else:
            rates = np.linspace(0.001, 0.999, 200)
            truth = ndtr(1 + ndtri(rates))
        made = certify_roc(p, q, 0.9, BANDS[name])
        misses += any(float(t) not in made.tpr_at(float(a)) for a, t in zip(rates, truth, strict=True))
    assert misses <= binom.isf(1e-6, 150, 0.1)


def test_roc_of_constant_scores_is_the_diagonal() -> None:
    made = certify_roc(np.ones(500), np.ones(500))
    assert made.auc.value == 0.5 and 0.5 in made.auc.interval
    assert all(a in made.tpr_at(a) for a in (0.0, 0.01, 0.5, 0.99, 1.0))


def test_auc_counts_ties_as_half() -> None:
    assert certify_auc([0.0, 1.0], [1.0, 2.0]).value == (2 * 1 + 1 + 0.5) / 4


def test_bad_input_is_refused() -> None:
    for call, words in (
        (lambda: certify_roc([], [1.0]), "non-empty"),
        (lambda: certify_roc([math.nan], [1.0]), "finite"),
        (lambda: certify_roc([0.0], [1.0]).tpr_at(1.5), r"\[0, 1\]"),
        (lambda: EqualLocalLevels().limits(0, 0.95), "positive"),
        (lambda: EquivalenceTest(margin=-1.0), "margin"),
        (lambda: MMDTest().test([1.0], [1.0]), "at least 2"),
        (lambda: ClassifierTest().test([[1.0, 2.0]] * 9, [1.0] * 9), "one dimension"),
        (lambda: accuracy_p_value(5, 3), "correct"),
    ):
        with pytest.raises(ArgumentError, match=words):
            call()
