"""What evidence says against claimed likelihoods, and lower ends without trust (T31)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

import mari_theory as mt
from mari_theory.strategies import pairs

LN2 = math.log(2)


F = mt.CALIBRATION_FUNCTIONS
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def draws(rng: np.random.Generator, n: int) -> Rows:
    """Log-likelihoods under two laws on four symbols, and fair arms."""
    p, q = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
    arm = rng.integers(0, 2, n)
    x = np.where(arm == 0, rng.choice(4, n, p=p), rng.choice(4, n, p=q))
    return np.log(p)[x], np.log(q)[x], arm


def z_score(terms: np.ndarray) -> float:
    return float(abs(terms.mean()) / (terms.std() / math.sqrt(terms.size)))


@pytest.mark.parametrize("name", F)
def test_exact_likelihoods_have_mean_zero_and_others_are_contradicted(rng: np.random.Generator, name: str) -> None:
    lp, lq, arm = draws(rng, 40_000)
    assert z_score(mt.calibration_terms(lp, lq, arm, F[name])) < 5
    of_p, of_q = (lp, lq + 0.2) if name == "one" else (lp, lp + 2 * (lq - lp)) if name != "sign" else (lq, lp)
    assert z_score(mt.calibration_terms(of_p, of_q, arm, F[name])) > 5


@settings(deadline=None)
@given(pairs(6))
def test_functions_stay_within_their_bound_and_terms_too(pair: tuple[np.ndarray, np.ndarray]) -> None:
    with np.errstate(divide="ignore"):
        lp, lq = (np.log(x) for x in pair)
    keep = np.maximum(lp, lq) > -np.inf
    for f in F.values():
        for z in (0, 1):
            terms = mt.calibration_terms(lp[keep], lq[keep], np.full(int(keep.sum()), z), f)
            assert np.all(np.abs(terms) <= f.bound)


def test_residuals_keep_their_digits_and_a_function_beyond_its_bound_is_refused() -> None:
    gap = np.array([-800.0, -50.0, 50.0, 800.0])
    terms = mt.calibration_terms(np.zeros(4), gap, np.array([0, 0, 1, 1]), F["one"])
    assert terms[1] == -terms[2] == pytest.approx(-math.exp(-50), rel=1e-12)
    assert terms[0] == -terms[3] == 0.0
    liar = mt.CalibrationFunction("two", "2", 1.0, lambda eta: np.full(eta.shape, 2.0))
    with pytest.raises(mt.ArgumentError, match="f: expected one number"):
        mt.calibration_terms(np.zeros(2), np.zeros(2), np.array([0, 1]), liar)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("smoothing", [0.0, 1e-6, 0.5])
def test_gibbs_terms_over_all_magnitudes(smoothing: float) -> None:
    gap = np.array([-np.inf, -1e4, -40.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 40.0, 1e4, np.inf])
    log_p, log_q = np.minimum(0, -gap), np.minimum(0, gap)
    one, zero = (mt.gibbs_terms(log_p, log_q, np.full(11, z), smoothing) for z in (1, 0))
    assert np.array_equal(one, zero[::-1]) and np.all(np.diff(one) >= 0) and one[5] == 0.0
    if smoothing == 0.0:
        assert one[0] == -np.inf and one[-1] == pytest.approx(LN2, rel=1e-15)
        assert one[6] == pytest.approx(5e-10, rel=1e-9) and one[1] == pytest.approx(LN2 - 1e4, rel=1e-15)
    else:
        assert one[0] == math.log(smoothing) and one[-1] == pytest.approx(math.log(2 - smoothing), rel=1e-15)


def test_a_claim_needs_no_trust_for_a_lower_end(rng: np.random.Generator) -> None:
    """Whatever is claimed, the mean stays below the divergence (here 0.1064 nats), and the truth comes to it."""
    lp, lq, arm = draws(rng, 40_000)
    truth = float(mt.jensen_shannon(np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])))
    exact = mt.gibbs_terms(lp, lq, arm)
    assert abs(exact.mean() - truth) < 5 * exact.std() / 200
    for of_p, of_q in ((lq, lp), (lp, lp), (lp, lp + 5 * (lq - lp)), (-rng.random(arm.size), -rng.random(arm.size))):
        terms = mt.gibbs_terms(of_p, of_q, arm)
        assert terms.mean() < truth + 5 * terms.std() / 200
        assert mt.gibbs_terms(of_p, of_q, arm, 0.1).mean() < truth + 0.01


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p, q, a: (p, q, a + 1), "only 0"),
        (lambda p, q, a: (p * np.nan, q, a), "log_p"),
        (lambda p, q, a: (p, q + np.inf, a), "log_q"),
        (lambda p, q, a: (p - np.inf, q - np.inf, a), "possible under one arm"),
    ],
)
def test_bad_rows_are_refused(rng: np.random.Generator, change: Callable[..., Rows], words: str) -> None:
    rows = change(*draws(rng, 10))
    calls: tuple[Callable[[], object], ...] = (
        lambda: mt.gibbs_terms(*rows),
        lambda: mt.calibration_terms(*rows, F["one"]),
    )
    for call in calls:
        with pytest.raises(mt.ArgumentError, match=words):
            call()
