"""Every threshold at once: the interval covers, and is as wide as its formula says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from estimators.thresholds import threshold_distance
from mari_theory.errors import ArgumentError


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("n", "m"), [(20, 20), (8, 100), (300, 200)])
def test_it_covers_the_distance_of_two_uniforms(shift: float, n: int, m: int, rng: np.random.Generator) -> None:
    """The truth is the shift. Level 0.2; 400 runs: more than 110 misses have probability under 1e-4 a case."""
    missed = sum(
        not (
            (found := threshold_distance(rng.random(n), rng.random(m) + shift, 0.8)).interval.lower
            <= shift
            <= found.interval.upper
        )
        for _ in range(400)
    )
    assert missed <= 110


def test_the_width_is_the_formulas(rng: np.random.Generator) -> None:
    n, m = 400, 900
    found = threshold_distance(rng.random(n), rng.random(m) + 0.5, 0.95)
    room = math.sqrt(math.log(4 / 0.05) / (2 * n)) + math.sqrt(math.log(4 / 0.05) / (2 * m))
    assert found.interval.upper - found.value == pytest.approx(room, rel=1e-12)
    assert found.interval.upper >= found.value + room > found.interval.upper - 1e-12


def test_one_owner_an_arm_says_nothing() -> None:
    found = threshold_distance([0.1], [5.0])
    assert found.value == 1.0 and (found.interval.lower, found.interval.upper) == (0.0, 1.0)


@pytest.mark.parametrize("bad", [[], [math.nan], [math.inf], [[1.0]]])
@pytest.mark.parametrize("name", ["scores_p", "scores_q"])
def test_bad_scores_are_named(name: str, bad: list[float]) -> None:
    arms: dict[str, Any] = {"scores_p": [0.0, 1.0], "scores_q": [0.0, 1.0], name: bad}
    with pytest.raises(ArgumentError, match=name):
        threshold_distance(**arms)
    with pytest.raises(ArgumentError, match="confidence"):
        threshold_distance([0.0], [1.0], 1.0)
