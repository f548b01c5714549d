"""Calibration (T31), localisation (T32), entropies (T37) and words (T38): ends, bad input, and a power check by simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mari_theory as mt
from mari_theory.localisation import LN2_BELOW
from mari_theory.strategies import budgets, pairs

LN2 = math.log(2)
F = mt.CALIBRATION_FUNCTIONS


@settings(deadline=None)
@given(st.floats(0, LN2), st.integers(1, 10**6), st.floats(1e-300, LN2_BELOW))
def test_the_count_is_never_below_the_exact_floor_and_at_most_an_ulp_above(jsd: float, m: int, t: float) -> None:
    found = mt.prompts_with_room(jsd, m, t)
    exact = Fraction(jsd) * m / Fraction(t)
    assert min(m, math.floor(exact)) <= found <= min(m, math.floor(exact * (1 + Fraction(1, 2**51))))


def test_decimal_ties_count_and_ln_2_is_taken_from_below() -> None:
    assert mt.prompts_with_room(0.01, 400, 0.1) == 40  # in floats 0.01 * 400 / 0.1 is just below 40
    assert [mt.prompts_told_apart(LN2 * k / 7, 7) for k in range(8)] == list(range(8))
    assert mt.prompts_with_room(0.0, 5, 5e-324) == 0


@pytest.mark.parametrize(("arguments", "name"), [((-1.0, 3, 0.1), "jsd_upper"), ((math.nan, 3, 0.1), "jsd_upper"), ((0.1, 0, 0.1), "prompts"), ((0.1, True, 0.1), "prompts"), ((0.1, 3, 0.0), "threshold"), ((0.1, 3, 0.7), "threshold")])  # fmt: skip
def test_bad_counts_are_refused(arguments: tuple[float, int, float], name: str) -> None:
    with pytest.raises(mt.ArgumentError, match=name):
        mt.prompts_with_room(*arguments)


def draws(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
    wrong = (lp, lq + 0.2) if name == "one" else (lp, lp + 2 * (lq - lp)) if name != "sign" else (lq, lp)
    assert z_score(mt.calibration_terms(*wrong, arm, F[name])) > 5


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
    for claim in ((lq, lp), (lp, lp), (lp, lp + 5 * (lq - lp)), (-rng.random(arm.size), -rng.random(arm.size))):
        terms = mt.gibbs_terms(*claim, arm)
        assert terms.mean() < truth + 5 * terms.std() / 200
        assert mt.gibbs_terms(*claim, arm, 0.1).mean() < truth + 0.01


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p, q, a: (p, q, a + 1), "only 0"),
        (lambda p, q, a: (p * np.nan, q, a), "log_p"),
        (lambda p, q, a: (p, q + np.inf, a), "log_q"),
        (lambda p, q, a: (p - np.inf, q - np.inf, a), "possible under one arm"),
    ],
)
def test_bad_rows_are_refused(rng: np.random.Generator, change, words: str) -> None:
    rows = change(*draws(rng, 10))
    for call in (lambda: mt.gibbs_terms(*rows), lambda: mt.calibration_terms(*rows, F["one"])):
        with pytest.raises(mt.ArgumentError, match=words):
            call()


@settings(deadline=None)
@given(budgets(), st.integers(1, 200_000))
def test_entropy_gap_never_falls_and_ends_at_ln_v(jsd: float, vocabulary: int) -> None:
    grid = np.linspace(0, 1, 101)
    bound = mt.entropy_gap(grid, vocabulary)
    assert np.all(np.diff(bound) >= 0) and bound[0] == 0.0
    assert math.log(vocabulary) <= bound[-1] <= math.log(vocabulary) * (1 + 1e-15) + 1e-15
    assert mt.entropy_gap_from_jsd(jsd, vocabulary) <= bound[-1]


@settings(deadline=None, max_examples=40)
@given(pairs(), budgets())
def test_words_in_both_orders(pair: tuple[np.ndarray, np.ndarray], budget: float) -> None:
    p, q = pair
    value = min(float(mt.jensen_shannon(p, q)), LN2)
    assert np.all(q <= mt.max_word_probability(p, value) + 1e-15) and np.all(
        p >= mt.min_word_probability(q, value) - 1e-15
    )
    up, down = mt.max_word_probability(p, budget), mt.min_word_probability(p, budget)
    assert np.all((down <= p) & (p <= up) & (up <= 1) & (down >= 0))
    assert np.all(up - p <= mt.word_gap(budget, p)) and np.all(p - down <= mt.word_gap(budget, p))
    assert np.all(up <= np.maximum(2 * LN2 * mt.max_tpr(p, budget), p) * (1 + 1e-9))


@pytest.mark.parametrize("call", [lambda: mt.entropy_gap(1.1, 5), lambda: mt.entropy_gap(0.5, 0), lambda: mt.max_word_probability(-0.1, 0.1), lambda: mt.word_gap(0.8, 0.1), lambda: mt.min_word_probability(0.1, math.nan)])  # fmt: skip
def test_bad_consequences_are_refused(call) -> None:
    with pytest.raises(mt.ArgumentError):
        call()
