"""Every correction on every law: identities, limits, and intervals whose lemmas are checked exactly."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial

from estimators import (
    CORRECTIONS,
    DiscreteEntropy,
    DiscreteJSD,
    DiscreteMI,
    PlugIn,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_table_mi,
)
from estimators.discrete import table_of
from estimators.discrete_intervals import DivergenceBall, divergence_level, entropy_step, lower_slope
from mari_theory import ArgumentError, jensen_shannon
from mari_theory.families import DISCRETE_JOINTS, PAIRS

LN2 = math.log(2)


@pytest.mark.parametrize("name", CORRECTIONS)
@pytest.mark.parametrize("law", DISCRETE_JOINTS)
def test_estimates_approach_the_truth(name: str, law: str, rng: np.random.Generator) -> None:
    joint = np.array(DISCRETE_JOINTS[law].table)
    table = rng.multinomial(200_000, joint.ravel()).reshape(joint.shape)
    shape = (joint.shape[0], joint.shape[1])
    value = DiscreteMI(CORRECTIONS[name], shape).from_table(table).value
    assert value == pytest.approx(DISCRETE_JOINTS[law].mutual_information(), abs=0.012)


@pytest.mark.parametrize("name", CORRECTIONS)
def test_entropy_bias_is_smaller_than_the_plug_ins_where_it_should_be(name: str, rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.full(200, 2.0))
    truth = -float(np.sum(p * np.log(p)))
    estimator = DiscreteEntropy(CORRECTIONS[name], 200)
    bias = np.mean([estimator.from_counts(rng.multinomial(400, p)).value for _ in range(50)]) - truth
    plug_in = np.mean([DiscreteEntropy(PlugIn()).from_counts(rng.multinomial(400, p)).value for _ in range(50)]) - truth
    assert abs(bias) <= abs(plug_in) + 0.01


@pytest.mark.parametrize("name", CORRECTIONS)
def test_degenerate_samples(name: str) -> None:
    correction = CORRECTIONS[name]
    assert DiscreteMI(correction).estimate([1, 2, 3, 1], ["a"] * 4).value == 0.0
    assert DiscreteMI(correction).estimate([7], [7]).value == 0.0
    one = DiscreteEntropy(correction).estimate([3] * 10).value
    assert math.isfinite(one) and abs(one) < 0.3
    assert math.isfinite(DiscreteEntropy(correction).estimate(list(range(50))).value)  # nothing seen twice


@pytest.mark.parametrize("name", CORRECTIONS)
def test_symmetry_labels_and_chain(name: str, rng: np.random.Generator) -> None:
    x, y = rng.integers(4, size=300), rng.integers(3, size=300)
    estimator = DiscreteMI(CORRECTIONS[name])
    value = estimator.estimate(x, y).value
    assert value == pytest.approx(estimator.estimate(y, x).value, abs=1e-12)
    renamed = np.array(["w", "z", "k", "b"])[x]
    assert value == pytest.approx(estimator.estimate(renamed, y * 10**9 - 7).value, abs=1e-12)
    entropy = DiscreteEntropy(CORRECTIONS[name])
    pairs = x * 3 + y
    chain = entropy.estimate(x).value + entropy.estimate(y).value - entropy.estimate(pairs).value
    assert value == pytest.approx(chain, abs=1e-9)


def test_plug_in_range(rng: np.random.Generator) -> None:
    for _ in range(50):
        x, y = rng.integers(5, size=30), rng.integers(4, size=30)
        value = DiscreteMI(PlugIn()).estimate(x, y).value
        h = [DiscreteEntropy(PlugIn()).estimate(v).value for v in (x, y)]
        assert -1e-12 <= value <= min(h) + 1e-12


@pytest.mark.parametrize("name", CORRECTIONS)
def test_divergence_of_two_samples(name: str, rng: np.random.Generator) -> None:
    pair = PAIRS["skewed"]
    p, q = (pair.sample(arm, 50_000, rng) for arm in (0, 1))
    assert DiscreteJSD(CORRECTIONS[name]).estimate(p, q).value == pytest.approx(pair.jsd(), abs=0.005)
    assert DiscreteJSD(PlugIn()).estimate([0, 0], [1, 1]).value == LN2


def test_matches_the_definition_of_the_jackknife(rng: np.random.Generator) -> None:
    counts = np.array([5, 1, 3, 2])
    labels = np.repeat(np.arange(4), counts)
    plug_in = DiscreteEntropy(PlugIn())
    left_out = [plug_in.estimate(np.delete(labels, i)).value for i in range(labels.size)]
    n = labels.size
    expected = n * plug_in.estimate(labels).value - (n - 1) * np.mean(left_out)
    assert DiscreteEntropy(CORRECTIONS["jackknife"]).estimate(labels).value == pytest.approx(expected)


@pytest.mark.parametrize("multiplier", [0.05, 0.3, 1.0])
def test_the_lemma_of_the_lower_end_is_sharp(multiplier: float) -> None:
    x = np.concatenate([np.linspace(-60, -1e-3, 20_000), np.linspace(1e-3, LN2, 20_000)])
    left = np.expm1(multiplier * x) - multiplier * x
    right = np.expm1(-x) + x
    slope = lower_slope(multiplier)
    assert np.all(left <= slope * right * (1 + 1e-9))
    assert left[-1] == pytest.approx(slope * right[-1], rel=1e-9)
    assert np.any(left > 0.99 * slope * right)  # one per cent less would be false


def test_divergence_concentration_by_enumeration() -> None:
    p, n = np.array([0.5, 0.3, 0.2]), 12
    rows = np.array([c for c in product(range(n + 1), repeat=3) if sum(c) == n])
    weight = multinomial.pmf(rows, n, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = n * np.where(rows > 0, rows / n * np.log(rows / n / p), 0).sum(axis=1)
    for delta in (0.3, 0.1, 0.01, 1e-4):
        assert weight[cost > divergence_level(2, delta)].sum() <= delta
    for share in (0.1, 0.5, 0.9):  # the moment bound behind it
        assert (weight * np.exp(share * cost)).sum() <= (1 - share) ** -2


def test_lower_end_by_enumeration() -> None:
    """Exact miss probability of the whole interval over every pair of outcomes of two binomials."""
    n, p, q = 30, 0.1, 0.9
    truth = float(jensen_shannon(np.array([p, 1 - p]), np.array([q, 1 - q])))
    from scipy.stats import binom

    missed = 0.0
    for i in range(n + 1):
        for j in range(n + 1):
            made = certify_counts_jsd([i, n - i], [j, n - j], 0.9)
            missed += 0.0 if truth in made.interval else binom.pmf(i, n, p) * binom.pmf(j, n, q)
    assert missed <= 0.1


def test_ball_contains_what_random_search_finds(rng: np.random.Generator) -> None:
    for _ in range(10):
        p_hat = rng.multinomial(40, rng.dirichlet(np.ones(5))) / 40
        values = rng.normal(size=5)
        laws = rng.dirichlet(0.5 + 20 * p_hat, 50_000)
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = np.where(p_hat > 0, p_hat * np.log(p_hat / laws), 0).sum(axis=1)
        best = (laws @ values)[cost <= 0.15].max()
        bound = DivergenceBall(p_hat, 0.15).largest_mean(values)
        assert best <= bound <= best + 0.25


def test_entropy_step_is_the_largest_change() -> None:
    n = 9
    steps = []
    for counts in ([9, 0, 0], [8, 1, 0], [5, 4, 0], [3, 3, 3], [4, 4, 1], [7, 1, 1]):
        h = -sum(c / n * math.log(c / n) for c in counts if c)
        for i, j in product(range(3), repeat=2):
            moved = list(counts)
            if moved[i] > 0 and i != j:
                moved[i] -= 1
                moved[j] += 1
                steps.append(abs(h + sum(c / n * math.log(c / n) for c in moved if c)))
    assert max(steps) <= entropy_step(n)


@pytest.mark.parametrize("law", DISCRETE_JOINTS)
def test_intervals_hold_their_own_value_and_shrink(law: str, rng: np.random.Generator) -> None:
    joint = np.array(DISCRETE_JOINTS[law].table)
    widths = []
    for n in (100, 10_000):
        made = certify_table_mi(rng.multinomial(n, joint.ravel()).reshape(joint.shape))
        assert made.value in made.interval
        widths.append(made.interval.width)
    assert widths[1] < widths[0]


BAD_COUNTS = [
    ([], "non-empty"),
    ([-1, 2], "at least 0"),
    ([0.5, 1], "whole"),
    ([math.nan, 1], "whole"),
    ([0, 0], "total"),
]


@pytest.mark.parametrize(("counts", "words"), BAD_COUNTS)
def test_bad_counts_are_refused(counts: list[float], words: str) -> None:
    for call in (certify_counts_entropy, DiscreteEntropy().from_counts, lambda c: certify_counts_jsd(c, c)):
        with pytest.raises(ArgumentError, match=words):
            call(counts)


def test_bad_labels_are_refused() -> None:
    for x, y, words in (
        ([], [], "non-empty"),
        ([1, 2], [1], "one length"),
        ([1.0, math.nan], [1, 2], "symbols"),
        (["a", None], [1, 2], "missing"),
        ([[1, 2]], [[1, 2]], "one-dimensional"),
    ):
        with pytest.raises(ArgumentError, match=words):
            DiscreteMI().estimate(x, y)
    with pytest.raises(ArgumentError, match="at least the 3"):
        DiscreteEntropy(alphabet=2).from_counts([1, 2, 3])
    assert table_of(np.array([2**62, 5]), [True, False]).tolist() == [[1, 0], [0, 1]]
