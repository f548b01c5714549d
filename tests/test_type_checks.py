"""The run's own type checks see a wrong shape at a function's first calls and now and then later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float, TypeCheckError

from estimators import certify_pooled
from mari_theory import ArgumentError
from tests.type_checks import FIRST, LATER, sampled, typechecker


def total(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    return float(x.sum() + y.sum())


def refusals(function: Callable[..., Any], calls: int) -> list[int]:
    """Which of so many calls with two lengths are refused."""
    out = []
    for call in range(1, calls + 1):
        try:
            function(np.zeros(2), np.zeros(3))
        except TypeCheckError:
            out.append(call)
    return out


def test_first_calls_and_one_in_a_hundred_later_are_checked() -> None:
    later = [call for call in range(FIRST + 1, 3 * LATER + 1) if call % LATER == 0]
    assert refusals(sampled(total, typechecker=typechecker), 3 * LATER) == [*range(1, FIRST + 1), *later]


def test_a_nested_function_is_checked_the_first_times_it_is_made() -> None:
    def make() -> Callable[..., Any]:
        def inner(x: int) -> int:
            return x

        return sampled(inner, typechecker=typechecker)

    for _ in range(FIRST):
        with pytest.raises(TypeCheckError):
            make()("a")
    assert make()("a") == "a"


def test_what_the_packages_export_is_checked() -> None:
    def call() -> type[Exception]:
        with pytest.raises((TypeCheckError, ArgumentError)) as raised:
            certify_pooled(np.zeros((2, 2)), np.zeros(4), 1, 1)
        return raised.type

    # However often it has been called in this process: of so many calls one is checked.
    assert TypeCheckError in {call() for _ in range(LATER)}
