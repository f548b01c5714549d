"""Ranks among exchangeable models (T34)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mari_theory import ArgumentError
from mari_theory.ranks import max_power, min_references, rank_p_value


@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=30))
def test_at_every_level_at_most_that_share_of_the_models_is_called_extreme(scores: list[float]) -> None:
    """Infinities and ties included."""
    ps = [rank_p_value(own, [*scores[:i], *scores[i + 1 :]]) for i, own in enumerate(scores)]
    for rank in range(1, len(scores) + 1):
        assert sum(p <= rank / len(scores) for p in ps) <= rank
    if len(set(scores)) == len(scores):
        assert sorted(ps) == [rank / len(scores) for rank in range(1, len(scores) + 1)]


@given(st.floats(1e-9, 0.999))
def test_as_many_references_as_needed_and_no_more(level: float) -> None:
    least = min_references(level)
    assert 1 / (least + 1) <= level < 1 / least


def test_levels_mean_their_decimals() -> None:
    assert [min_references(x) for x in (0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.01)] == [19, 9, 4, 3, 2, 1, 99]
    assert min_references(math.nextafter(0.05, 0.0)) == 20


@given(st.floats(1e-12, 0.999), st.integers(0, 10**6), st.integers(0, 40))
def test_power_is_rounded_up(level: float, references: int, items: int) -> None:
    exact = min(Fraction(level) * (references + 1) ** items, Fraction(1))
    assert exact <= Fraction(max_power(level, references, items)) <= exact * (1 + Fraction(1, 2**51))


def test_without_references_or_items_power_is_the_level() -> None:
    assert max_power(0.05, 0, 10**12) == 0.05 == max_power(0.05, 50, 0)
    assert max_power(0.05, 1, 10**12) == 1.0


@pytest.mark.parametrize(("own", "others", "name"), [(math.nan, [1.0], "own"), (1.0, [1.0, math.nan], "others"), (1.0, [], "others"), (1.0, np.ones((1, 1)), "others")])  # fmt: skip
def test_numbers_that_cannot_be_ranked_are_refused(own: float, others: Any, name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        rank_p_value(own, others)
    assert rank_p_value(-math.inf, np.array([-math.inf, 0.0])) == 1.0


@pytest.mark.parametrize(("arguments", "name"), [((0.0, 1, 1), "level"), ((1.0, 1, 1), "level"), ((0.05, -1, 1), "references"), ((0.05, 1, -1), "items"), ((0.05, True, 1), "references")])  # fmt: skip
def test_levels_and_counts_out_of_range_are_refused(arguments: tuple[float, int, int], name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        max_power(*arguments)
    with pytest.raises(ArgumentError, match="level"):
        min_references(1.0)
