"""Entropies (T37) and words (T38)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mari_theory as mt
from mari_theory.strategies import budgets, pairs

LN2 = math.log(2)


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
def test_bad_consequences_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(mt.ArgumentError):
        call()
