"""How many prompts an average leaves room for (T32)."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mari_theory as mt
from mari_theory.localisation import LN2_BELOW

LN2 = math.log(2)


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
