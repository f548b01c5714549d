"""Text of interval ends: what is read is a bound, and no farther off than the last digit shown."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from mari_theory.rounding import down, down_to, span, up, up_to

numbers = st.floats(-1e6, 1e6)


@given(numbers, st.integers(0, 8))
@example(0.00005, 4)
@example(-0.00005, 4)
def test_places_enclose_within_one_unit_of_the_last(x: float, places: int) -> None:
    low, high = Fraction(down(x, places)), Fraction(up(x, places))
    exact = Fraction(repr(x))
    assert low <= exact <= high and high - low <= Fraction(1, 10**places)
    assert "-0." + "0" * places not in (up(x, places), down(x, places))
    assert span(x, x, places, ", ") == f"{down(x, places)}, {up(x, places)}"


@given(numbers.filter(bool), st.integers(1, 6))
@example(9.99, 2)
@example(-0.0996, 2)
def test_significant_digits_enclose_within_one_unit_of_the_last(x: float, digits: int) -> None:
    low, high = Fraction(down_to(x, digits)), Fraction(up_to(x, digits))
    exact = Fraction(repr(x))
    assert low <= exact <= high
    assert high - low <= Fraction(10) ** (math.floor(math.log10(abs(x)) + 1e-9) - digits + 1)


def test_what_is_no_number_is_shown_as_it_is() -> None:
    assert (up(math.inf), down(-math.inf), up_to(math.nan), up_to(0.0, sign="+")) == ("inf", "-inf", "nan", "+0")
