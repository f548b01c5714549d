"""Tests of two samples: level, power, three answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from estimators import (
    ClassifierTest,
    EquivalenceTest,
    Interval,
    MMDTest,
)
from mari_theory.families import PAIRS


def p_values(test: ClassifierTest | MMDTest, shift: float, n: int, runs: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.array([test.test(rng.normal(size=n), rng.normal(shift, 1, size=n)).p_value for _ in range(runs)])


TESTS: dict[str, ClassifierTest | MMDTest] = {"classifier": ClassifierTest(), "mmd": MMDTest(permutations=99)}


@pytest.mark.parametrize("name", TESTS)
def test_levels_are_exact_and_power_grows(name: str) -> None:
    null = p_values(TESTS[name], 0.0, 60, 300)
    assert np.sum(null <= 0.05) <= binom.isf(1e-6, 300, 0.05)
    assert np.mean(p_values(TESTS[name], 1.5, 60, 40) <= 0.05) > 0.8
    assert p_values(TESTS[name], 0.0, 60, 1)[0] > 0


def test_equivalence_has_three_answers_and_their_power() -> None:
    test = EquivalenceTest(margin=0.02)
    assert test.verdict(Interval(0.0, 0.01, 0.95)) == "equivalent on average"
    assert test.verdict(Interval(0.03, 0.05, 0.95)) == "detectable"
    assert test.verdict(Interval(0.0, 0.05, 0.95)) == "inconclusive"
    same = test.power(PAIRS["identical"], 400, 40)
    far = test.power(PAIRS["binary symmetric"], 400, 40)
    near = test.power(PAIRS["nine draws"], 20, 40)
    assert same.equivalent == 1.0 and far.detectable == 1.0 and near.inconclusive > 0.5
    assert same.equivalent + same.inconclusive + same.detectable == pytest.approx(1)
