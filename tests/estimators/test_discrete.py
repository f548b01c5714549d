"""Every correction on every law: identities, limits, and intervals whose lemmas are checked exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from estimators import (
    CORRECTIONS,
    DiscreteEntropy,
    DiscreteJSD,
    DiscreteMI,
    PlugIn,
    certify_counts_entropy,
    certify_counts_jsd,
)
from estimators.discrete import table_of
from mari_theory import ArgumentError
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
            DiscreteMI().estimate(x, y)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="at least the 3"):
        DiscreteEntropy(alphabet=2).from_counts([1, 2, 3])
    assert table_of(np.array([2**62, 5]), [True, False]).tolist() == [[1, 0], [0, 1]]
