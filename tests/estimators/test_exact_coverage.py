"""The guarantee itself at small n: the probabilities of all samples whose interval misses the mean, added up.

Nothing is simulated, so there is no false alarm to budget for: 1e-12 is left for the rounding of the sum. The methods that look at
the order see every order; the others every histogram, at larger n. Each test of coverage has mutants beside it that it must catch.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from estimators import INTERVALS, Betting, BoundedMean, ClopperPearson, Hoeffding, MaurerPontil, OrderFree
from mari_theory.strategies import FiniteLaw, finite_laws, finite_samples, law_of, product_samples
from tests.estimators.exact import (
    CONFIDENCES,
    METHODS,
    ORDER_FREE,
    ROUNDING,
    ends_of,
    inflate,
    multinomial,
    parts,
    weaken,
    worst,
)

SUPPORTS: dict[str, tuple[float, ...]] = {
    "ends": (0.0, 1.0),
    "inside": (0.2, 0.7),
    "one end": (0.0, 0.1),
    "with the middle": (0.0, 0.5, 1.0),
    "lopsided": (0.0, 0.1, 1.0),
}
CASES = [(name, x) for name in METHODS for x in SUPPORTS if name != "clopper-pearson" or x == "ends"]


def sizes(support: str, name: str, long: bool) -> tuple[int, ...]:
    """Sample sizes within reach: k^n samples in order, or the histograms of n."""
    two = len(SUPPORTS[support]) == 2
    if name in ORDER_FREE:
        return (60 if two else 20,) if long else (1, 2, 5, 20 if two else 6)
    if two:
        return (8, 11) if long else (1, 2, 4, 6) if support == "ends" else (2, 5)
    return (4, 6) if long else (1, 2, 3)


def check_table(name: str, support: str, long: bool) -> None:
    values = SUPPORTS[support]
    for n in sizes(support, name, long):
        for confidence in CONFIDENCES:
            total, side = worst(ends_of(METHODS[name].interval, values, n, confidence, name not in ORDER_FREE))
            assert total <= 1 - confidence + ROUNDING, (n, confidence)
            assert side <= (1 - confidence) / 2 + ROUNDING, (n, confidence)


@pytest.mark.parametrize(("name", "support"), CASES)
def test_each_side_of_each_interval_misses_at_most_at_half_the_level(name: str, support: str) -> None:
    """Every method promises delta/2 a side, so the sides are held to it, and the whole to delta."""
    check_table(name, support, long=False)


@pytest.mark.long
@pytest.mark.parametrize(("name", "support"), CASES)
def test_each_side_at_larger_sizes(name: str, support: str) -> None:
    check_table(name, support, long=True)


@pytest.mark.parametrize("name", [n for n in METHODS if n != "clopper-pearson"])
def test_a_range_other_than_the_unit_interval(name: str) -> None:
    ends = ends_of(METHODS[name].interval, (-1.0, 0.0, 3.0), 3, 0.8, name not in ORDER_FREE, -1.0, 3.0)
    total, side = worst(ends)
    assert total <= 0.2 + ROUNDING and side <= 0.1 + ROUNDING


def exact_miss(method: BoundedMean, samples: Any, truth: Fraction, confidence: float) -> Fraction:
    """Probability of the samples whose interval misses, in rational arithmetic from the first to the last step."""
    missed, cache = Fraction(0), dict[tuple[float, ...], bool]()
    for sample, chance in samples:
        key = tuple(sorted(sample)) if method.name in ORDER_FREE else sample
        if key not in cache:
            made = method.interval(np.array(key), confidence)
            cache[key] = not Fraction(made.lower) <= truth <= Fraction(made.upper)
        missed += chance * cache[key]
    return missed


@pytest.mark.parametrize("name", [n for n in METHODS if n != "clopper-pearson"])
@settings(deadline=None, max_examples=15)
@given(law=finite_laws(), n=st.integers(1, 4), confidence=st.sampled_from(CONFIDENCES))
def test_any_finite_law_in_rational_arithmetic(name: str, law: FiniteLaw, n: int, confidence: float) -> None:
    missed = exact_miss(METHODS[name], finite_samples(law, n), law.mean(), confidence)
    assert missed <= 1 - Fraction(confidence)


def test_the_table_of_powers_agrees_with_the_rational_sum() -> None:
    """Two ways to the same number: the enumerations of this file rest on the first, their meaning on the second."""
    law = law_of([0.0, 0.5, 1.0], [5, 1, 94])
    for name, method in METHODS.items():
        if name != "clopper-pearson":
            ends = ends_of(method.interval, law.values, 3, 0.5, name not in ORDER_FREE)
            below, above = ends.misses(law.floats()[None])
            assert float(exact_miss(method, finite_samples(law, 3), law.mean(), 0.5)) == pytest.approx(
                float(below[0] + above[0]), abs=1e-12
            )


# Independent terms that are not identically distributed.


@pytest.mark.parametrize("method", [Hoeffding(), OrderFree()], ids=lambda m: m.name)
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_two_laws_for_the_halves_of_the_sample(method: BoundedMean, confidence: float) -> None:
    """Both see the sum or the histogram only, so every order of the halves is covered by this one."""
    for half in (1, 3, 8):
        made = [method.interval(np.repeat([0.0, 1.0], [2 * half - k, k]), confidence) for k in range(2 * half + 1)]
        low, high = (np.array([getattr(i, end) for i in made]) for end in ("lower", "upper"))
        grid = np.unique(np.concatenate([[0, 1e-6, 1e-3], np.linspace(0, 1, 21), low - 2e-12, high + 2e-12]).clip(0, 1))
        chances = [binom.pmf(np.arange(half + 1), half, p) for p in grid]
        for p, first in zip(grid, chances, strict=True):
            for q, second in zip(grid, chances, strict=True):
                chance, mean = np.convolve(first, second), (p + q) / 2
                assert chance[low > mean + ROUNDING].sum() <= (1 - confidence) / 2 + ROUNDING
                assert chance[high < mean - ROUNDING].sum() <= (1 - confidence) / 2 + ROUNDING


@pytest.mark.parametrize("method", [Hoeffding(), OrderFree()], ids=lambda m: m.name)
@settings(deadline=None, max_examples=20)
@given(laws=st.lists(finite_laws(2), min_size=1, max_size=4), confidence=st.sampled_from(CONFIDENCES))
def test_a_law_of_its_own_for_every_term(method: BoundedMean, laws: list[FiniteLaw], confidence: float) -> None:
    mean = sum((law.mean() for law in laws), Fraction(0)) / len(laws)
    assert exact_miss(method, product_samples(laws), mean, confidence) <= 1 - Fraction(confidence)


# Anytime: the intervals after each observation hold together.


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_anytime_betting_misses_at_no_time_at_all(confidence: float) -> None:
    """P(some prefix of 5 observations has an interval that misses the mean) is at most delta, each side delta/2."""
    n, method = 5, INTERVALS["betting-anytime"]
    for values in ((0.0, 1.0), (0.2, 0.7)):
        whole = ends_of(method.interval, values, n, confidence, ordered=True)
        low, high = whole.low.copy(), whole.high.copy()
        for t in range(1, n):
            # Samples are in lexicographic order: a prefix is shared by a run of 2^(n - t) of them.
            prefix = ends_of(method.interval, values, t, confidence, ordered=True)
            np.maximum(low, np.repeat(prefix.low, 2 ** (n - t)), out=low)
            np.minimum(high, np.repeat(prefix.high, 2 ** (n - t)), out=high)
        together = type(whole)(whole.values, whole.counts, low, high, True)
        below, above = together.misses(together.laws())
        assert (below + above).max() <= 1 - confidence + ROUNDING
        assert max(below.max(), above.max()) <= (1 - confidence) / 2 + ROUNDING


# Power: a method that is a little too sure of itself is caught.


@pytest.mark.parametrize(
    ("owner", "factor", "n", "confidence"),
    [
        (Betting, 2.0, 5, 0.8),
        (Betting, 1.3, 3, 0.5),
        (OrderFree, 2.0, 5, 0.8),
        (OrderFree, 1.25, 5, 0.5),
        (ClopperPearson, 1.001, 5, 0.95),
        (Hoeffding, 2.0, 3, 0.8),
        (Hoeffding, 1.5, 2, 0.5),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_a_level_too_large_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: type, factor: float, n: int, confidence: float
) -> None:
    """`factor` 2 is ln(1/delta) where ln(2/delta) belongs. Clopper-Pearson spends its level to the last digit: 0.1 % shows."""
    ordered = owner is Betting
    sound = worst(ends_of(owner().interval, (0.0, 1.0), n, confidence, ordered))
    weaken(monkeypatch, owner, factor)
    mutant = worst(ends_of(owner().interval, (0.0, 1.0), n, confidence, ordered))
    assert sound[1] <= (1 - confidence) / 2 + ROUNDING < mutant[1] - 1e-6


@pytest.mark.parametrize("confidence", [0.5, 0.8])
def test_an_anytime_level_too_large_is_caught(monkeypatch: pytest.MonkeyPatch, confidence: float) -> None:
    weaken(monkeypatch, Betting, 1.3)
    _, side = worst(ends_of(Betting(anytime=True).interval, (0.0, 1.0), 5, confidence, ordered=True))
    assert side > (1 - confidence) / 2 + 1e-3


@pytest.mark.parametrize(
    ("owner", "times", "n", "confidence"),
    [
        (Hoeffding, 2, 2, 0.95),
        (Hoeffding, 4, 5, 0.8),
        (MaurerPontil, 4, 100, 0.95),
        (OrderFree, 2, 5, 0.95),
        (Betting, 2, 5, 0.95),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_an_interval_for_more_data_than_there_are_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: type, times: int, n: int, confidence: float
) -> None:
    """n draws taken for `times` n; at 4 Hoeffding has half its width.

    Maurer and Pontil's constants are generous: twice the data (0.7 of the width) stays covered at every n in reach, four times does not.
    """
    inflate(monkeypatch, owner, times)
    _, side = worst(ends_of(owner().interval, (0.0, 1.0), n, confidence, owner is Betting))
    assert side > (1 - confidence) / 2 + 1e-3


@pytest.mark.parametrize("method", [Hoeffding(), OrderFree()], ids=lambda m: m.name)
def test_unlike_terms_have_power_too(monkeypatch: pytest.MonkeyPatch, method: BoundedMean) -> None:
    """Delta larger by 0.7 shows with two laws as well: one term surely 1, the other with a mean just outside the interval."""
    weaken(monkeypatch, type(method), 1.7)
    made = [method.interval(np.repeat([0.0, 1.0], [2 - k, k]), 0.5) for k in range(3)]
    mean = made[1].upper + 2 * ROUNDING
    chance = multinomial(parts(1, 2), np.array([[2 - 2 * mean, 2 * mean - 1]]))[0]
    assert math.isclose(chance.sum(), 1) and chance[0] > 0.25
