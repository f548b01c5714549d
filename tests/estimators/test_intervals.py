"""Coverage is simulated: a table's false-alarm budget is 1e-6, split over its cells."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.cases import MEANS, cases
from benchmarks.coverage import simulate, wider_betting
from estimators import DKW, INTERVALS, Betting, BoundedMean, ClopperPearson, Hoeffding, MaurerPontil
from mari_theory import ArgumentError

CASES = cases()
FAST = 60
"""Replicates in the fast table, smallest size; the long one has 200 to 1,000 of each, `python -m benchmarks coverage` 2,000."""


def budget() -> int:
    return sum(len(c.methods) * len(c.sizes) for c in CASES.values())


@pytest.mark.parametrize("key", CASES, ids=" of ".join)
def test_misses_stay_within_the_binomial_limit(key: tuple[str, str]) -> None:
    case = CASES[key]
    for cell in simulate(case, case.sizes[0], 0.95, FAST):
        assert not cell.beyond_chance(budget()), cell


@pytest.mark.long
@pytest.mark.parametrize("key", CASES, ids=" of ".join)
def test_full_coverage_table(key: tuple[str, str]) -> None:
    case = CASES[key]
    for confidence in case.confidences:
        for n in case.sizes:
            if n > 2000:
                continue
            cells = simulate(case, n, confidence, 1000 if n <= 200 else 200, seed=1)
            for cell in cells:
                assert not cell.beyond_chance(3 * budget()), cell
            assert not wider_betting(cells)


@pytest.mark.parametrize("law", MEANS)
def test_betting_is_at_most_as_wide_as_maurer_pontil(law: str) -> None:
    assert not wider_betting(simulate(CASES["mean", law], 200, 0.95, 100))


def test_a_wrong_betting_level_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has power: capital compared with 1/(5 delta) instead of 2/delta misses beyond chance."""
    real = Betting._end
    monkeypatch.setattr(Betting, "_end", lambda self, y, delta, flipped=False: real(self, y, 10 * delta, flipped))
    cells = [c for c in simulate(CASES["mean", "Bernoulli(0.3)"], 200, 0.95, 300) if c.method == "betting"]
    assert cells[0].beyond_chance(1)


@pytest.mark.parametrize("name", INTERVALS)
def test_degenerate_samples_give_valid_intervals(name: str) -> None:
    method = INTERVALS[name]
    for y in (np.zeros(500), np.ones(500), np.full(500, 0.37), np.array([0.5]), np.array([0.0, 1.0])):
        made = method.interval(y)
        assert 0.0 <= made.lower <= y.mean() <= made.upper <= 1.0


@pytest.mark.parametrize("name", INTERVALS)
def test_intervals_scale_with_the_range_and_mirror(name: str, rng: np.random.Generator) -> None:
    method, y = INTERVALS[name], rng.random(300)
    unit, wide = method.interval(y), method.interval(4 * y - 1, 0.95, -1.0, 3.0)
    assert wide.lower == pytest.approx(4 * unit.lower - 1, abs=1e-9)
    assert wide.upper == pytest.approx(4 * unit.upper - 1, abs=1e-9)
    mirrored = method.interval(1 - y)
    assert mirrored.lower == pytest.approx(1 - unit.upper, abs=1e-6)


def test_betting_capital_at_its_own_ends_has_reached_the_level(rng: np.random.Generator) -> None:
    """Recomputed from the definition in twenty lines, no shared code."""
    y = rng.beta(2, 5, 300)
    made, delta = Betting().interval(y), 0.05
    for end, x in ((made.lower, y), (1 - made.upper, 1 - y)):
        total, spread, log_k, best = 0.5, 0.25, 0.0, 0.0
        for i, value in enumerate(x, 1):
            variance = spread / i
            stake = min(math.sqrt(2 * math.log(2 / delta) / (variance * len(x))), 0.9 / end)
            log_k += math.log1p(stake * (value - end))
            best = max(best, log_k)
            total += value
            spread += (value - total / (i + 1)) ** 2
        assert math.log(2 / delta) <= best <= math.log(2 / delta) + 1e-5


def test_betting_streams_in_constant_memory(rng: np.random.Generator) -> None:
    y = rng.random(2_000_000)
    Betting().interval(y[:1000])
    tracemalloc.start()
    Betting().interval(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6 + 8 * (1 << 17) * 12  # sample variance takes one pass; the rest is a few chunks


def test_clopper_pearson_matches_binomial_tails() -> None:
    made = ClopperPearson().counts(7, 50, 0.9)
    assert binom.sf(6, 50, made.lower) == pytest.approx(0.05, abs=1e-9)
    assert binom.cdf(7, 50, made.upper) == pytest.approx(0.05, abs=1e-9)


def test_dkw_is_massarts_constant() -> None:
    assert DKW().radius(500, 0.9) == pytest.approx(math.sqrt(math.log(20) / 1000))


@pytest.mark.parametrize(
    ("y", "confidence", "words"),
    [
        ([], 0.95, "non-empty"),
        ([0.2, math.nan], 0.95, "values in"),
        ([0.2, 1.5], 0.95, "values in"),
        ([-0.1, 0.5], 0.95, "values in"),
        ([0.5, 0.5], 0.0, "confidence"),
        ([0.5, 0.5], 1.0, "confidence"),
        ([0.5, 0.5], math.nan, "confidence"),
    ],
)
@pytest.mark.parametrize("method", [Hoeffding(), MaurerPontil(), Betting()], ids=lambda m: m.name)
def test_bad_samples_are_refused(method: BoundedMean, y: list[float], confidence: float, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        method.interval(np.array(y, dtype=float), confidence)
