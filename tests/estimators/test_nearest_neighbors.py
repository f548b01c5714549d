"""Nearest-neighbour estimators on every continuous law, and on the inputs that break others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import psi

from estimators import (
    KSG,
    DiscreteMI,
    KozachenkoLeonenko,
    NearestNeighborJSD,
    NearestNeighborKL,
    PlugIn,
    Ross,
    nearest_neighbors,
)
from estimators.nearest_neighbors import counts_within
from mari_theory import ArgumentError
from mari_theory.families import CONTINUOUS_JOINTS, DENSITY_PAIRS, UniformMixture

ESTIMATORS = {"ksg1": KSG(4, 1), "ksg2": KSG(4, 2)}


def brute_force(x: np.ndarray, y: np.ndarray, k: int, variant: int) -> float:
    """From the definition, all distances at once."""
    dx = np.abs(x[:, None] - x[None]).max(axis=2)
    dy = np.abs(y[:, None] - y[None]).max(axis=2)
    d = np.maximum(dx, dy)
    np.fill_diagonal(d, np.inf)
    n = len(x)
    total = 0.0
    for i in range(n):
        nearest = np.argsort(d[i], kind="stable")[:k]
        if variant == 1:
            radius = d[i, nearest[-1]]
            near = [np.sum(np.delete(m[i], i) < radius) + 1 for m in (dx, dy)]
            total += psi(k) + psi(n) - psi(near[0]) - psi(near[1])
        else:
            near = [np.sum(np.delete(m[i], i) <= m[i, nearest].max()) for m in (dx, dy)]
            total += psi(k) - 1 / k + psi(n) - psi(near[0]) - psi(near[1])
    return total / n


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("law", CONTINUOUS_JOINTS)
def test_equals_the_definition(name: str, law: str, rng: np.random.Generator) -> None:
    x, y = CONTINUOUS_JOINTS[law].sample(150, rng)
    value = ESTIMATORS[name].estimate(x, y).value
    assert value == pytest.approx(brute_force(x, y, 4, ESTIMATORS[name].variant), abs=1e-10)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("law", ["1v1-normal-0.75", "1v1-additive-0.75", "multinormal-dense-2-2-0.5"])
def test_approaches_the_truth(name: str, law: str, rng: np.random.Generator) -> None:
    joint = CONTINUOUS_JOINTS[law]
    assert ESTIMATORS[name].estimate(*joint.sample(8000, rng)).value == pytest.approx(
        joint.mutual_information(), abs=0.05
    )


@pytest.mark.parametrize("brute_force", [0, 50_000], ids=["tree", "compiled"])
@pytest.mark.parametrize("dimension", [1, 3])
def test_strict_counts_are_exact_with_ties_and_offsets(
    dimension: int, brute_force: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_neighbors, "_BRUTE_FORCE", brute_force)
    for offset in (0.0, 1e9, -3e15):
        z = rng.integers(0, 6, size=(200, dimension)).astype(float) * 0.1 + offset
        radius = rng.choice([0.0, 0.1, 0.2, 0.30000000000000004, 0.5], size=200)
        gaps = np.abs(z[:, None] - z[None]).max(axis=2)
        for strict in (True, False):
            near = (gaps < radius[:, None]) if strict else (gaps <= radius[:, None])
            expected = near.sum(axis=1) - (1 if not strict else (radius > 0))
            assert np.array_equal(counts_within(z, radius, strict), expected)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_invariances(name: str, rng: np.random.Generator) -> None:
    estimator = ESTIMATORS[name]
    x, y = CONTINUOUS_JOINTS["1v1-normal-0.75"].sample(500, rng)
    value = estimator.estimate(x, y).value
    assert estimator.estimate(y, x).value == pytest.approx(value, abs=1e-12)
    assert estimator.estimate(x[::-1], y[::-1]).value == pytest.approx(value, abs=1e-12)
    assert estimator.estimate(8 * x, 8 * y).value == value
    assert estimator.estimate(-x, y).value == pytest.approx(value, abs=1e-12)
    grid = np.round(x * 2**20) / 2**20
    far = np.round(y * 2**20) / 2**20
    assert estimator.estimate(grid + 2.0**30, far).value == pytest.approx(
        estimator.estimate(grid, far).value, abs=1e-12
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_inputs_that_break_others(name: str, rng: np.random.Generator) -> None:
    estimator = ESTIMATORS[name]
    x = rng.normal(size=300)
    assert estimator.estimate(x, np.full(300, 1e9)).value == 0.0
    assert estimator.estimate(np.ones(300), np.ones(300)).value == 0.0
    cells = np.array([[60, 9, 7], [8, 50, 6], [12, 5, 70]])  # each more than k
    labels = np.repeat(np.argwhere(cells > 0), cells.ravel(), axis=0).astype(float)[rng.permutation(cells.sum())]
    plug_in = DiscreteMI(PlugIn()).estimate(labels[:, 0], labels[:, 1]).value
    assert estimator.estimate(labels[:, 0], labels[:, 1]).value == pytest.approx(plug_in, abs=1e-12)
    assert estimator.estimate(x + 1e9, x + 1e9).value > 2.5  # equal variables: grows with n, no noise added
    assert estimator.estimate(x, x).value > 3.0
    negative = [estimator.estimate(rng.normal(size=60), rng.normal(size=60)).value for _ in range(20)]
    assert min(negative) < 0  # never clamped


def test_ross_on_mixed_data(rng: np.random.Generator) -> None:
    joint = UniformMixture(5)
    x, y = joint.sample(6000, rng)
    assert Ross().estimate(y, x[:, 0]).value == pytest.approx(joint.mutual_information(), abs=0.03)
    assert Ross().estimate(y, np.zeros(6000)).value == 0.0
    assert Ross().estimate(np.ones(6000), x[:, 0]).value == 0.0
    assert Ross().estimate(rng.normal(size=10), [0] * 5 + [1] * 4 + [2]).extra["left_out"] == 1


@pytest.mark.parametrize("law", DENSITY_PAIRS)
def test_divergences(law: str, rng: np.random.Generator) -> None:
    pair = DENSITY_PAIRS[law]
    p, q = (pair.sample(arm, 6000, rng) for arm in (0, 1))
    assert NearestNeighborJSD(10).estimate(p, q).value == pytest.approx(pair.jsd(), abs=0.03)


def test_kl_and_entropy_of_normals(rng: np.random.Generator) -> None:
    p, q = rng.normal(0, 1, 8000), rng.normal(0.5, 1.5, 8000)
    truth = math.log(1.5) + (1 + 0.25) / (2 * 2.25) - 0.5
    assert NearestNeighborKL().estimate(p, q).value == pytest.approx(truth, abs=0.06)
    z = rng.normal(size=(8000, 2)) * [1.0, 3.0]
    assert KozachenkoLeonenko().estimate(z).value == pytest.approx(
        math.log(2 * math.pi * math.e) + math.log(3), abs=0.05
    )
    assert KozachenkoLeonenko().estimate([1.0] * 9 + [2.0]).value == -math.inf
    with pytest.raises(ArgumentError, match="continuous"):
        NearestNeighborKL().estimate([1.0] * 20, [1.0] * 20)


BAD = [
    ([], [], "non-empty"),
    ([1.0], [2.0], "more than k"),
    ([1.0, 2.0, 3.0], [1.0, 2.0], "one length"),
    ([math.nan] * 9, [0.0] * 9, "finite"),
    ([math.inf] * 9, [0.0] * 9, "finite"),
    ([[[1.0]]], [[[1.0]]], r"\(n, d\)"),
    (["a"] * 9, [0.0] * 9, "real numbers"),
    ([2**60 + 1] * 9, [0.0] * 9, "2\\^53"),
]


@pytest.mark.parametrize("estimator", [KSG(4), KSG(4, 2)], ids=lambda e: e.name)
@pytest.mark.parametrize(("x", "y", "words"), BAD)
def test_bad_samples_are_refused(estimator: KSG, x: list[float], y: list[float], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        estimator.estimate(x, y)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ArgumentError, match="k: expected"):
        KSG(0).estimate([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ArgumentError, match="variant"):
        KSG(1, 3).estimate([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ArgumentError, match="seen at least twice"):
        Ross().estimate([1.0, 2.0], [0, 1])
