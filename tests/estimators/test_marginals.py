"""Units and tails: neighbours see every column, and say where they do not. Tolerances are five and more standard deviations."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest

from estimators import KSG, Copula, KozachenkoLeonenko, NearestNeighborJSD, NearestNeighborKL, Rescaled, Ross
from estimators.marginals import MARGINALS, reach, spreads
from mari_theory import ArgumentError
from mari_theory.families.benchmark import BMI_TASKS

SMALL = [name for name in BMI_TASKS if "25-25" not in name and "50-50" not in name]
HEAVY = [name for name in SMALL if name.startswith("student")]
LIGHT = [name for name in SMALL if name not in HEAVY and "half_cube" not in name and "spiral" not in name]
VARIANTS = {"ksg1": 1, "ksg2": 2}


def normal_pairs(rho: float, n: int, d: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """d independent pairs with correlation rho: MI = -d/2 ln(1 - rho^2)."""
    x = rng.normal(size=(n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, d))


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("unit", [1e-300, 1e-6, 1e3, 1e9])
def test_units_do_not_hide_information(name: str, unit: float, rng: np.random.Generator) -> None:
    """Before: 0.000 for .83 in units of 1e-6 (KSG-1)."""
    x, y = normal_pairs(0.9, 1000, 1, rng)
    estimator = KSG(4, VARIANTS[name])
    assert KSG(4, 1, Rescaled(math.inf)).estimate(x, 1e-6 * y).value < 0.01
    assert estimator.estimate(x, unit * y).value == pytest.approx(-0.5 * math.log(0.19), abs=0.2)
    assert estimator.estimate(x, 2.0**20 * y).value == estimator.estimate(x, 2.0**-40 * y).value


def test_units_within_a_block_do_not_hide_a_column(rng: np.random.Generator) -> None:
    """Before: 0.000 for 1.66 with one of two columns in units of 1e6."""
    x, y = normal_pairs(0.9, 1000, 2, rng)
    plain = KSG().estimate(x, y).value
    assert plain == pytest.approx(-math.log(0.19), abs=0.25)
    assert KSG().estimate(x * [1, 1e6], y * [1e-3, 1]).value == pytest.approx(plain, abs=0.1)


@pytest.mark.parametrize("name", SMALL)
def test_standard_data_are_left_alone_to_the_bit(name: str, rng: np.random.Generator) -> None:
    x, y = BMI_TASKS[name].sample(400, rng)
    for variant in (1, 2):
        given = KSG(4, variant, Rescaled(math.inf)).estimate(x, y)
        assert KSG(4, variant).estimate(x, y).value == given.value


def test_a_power_of_two_keeps_ties(rng: np.random.Generator) -> None:
    cells = np.array([[60, 9, 7], [8, 50, 6], [12, 5, 70]])
    x, y = np.repeat(np.argwhere(cells > 0), cells.ravel(), axis=0).astype(float).T
    assert KSG().estimate(x, 1e6 * y).value == pytest.approx(KSG().estimate(x, y).value, abs=1e-12)
    z = np.stack([rng.integers(0, 5, 300) * 0.1 + 1e9, rng.normal(size=300) * 1e6], axis=1)
    prepared = Rescaled().prepare(z)
    for column in (0, 1):
        assert np.unique(prepared[:, column]).size == np.unique(z[:, column]).size
    assert np.array_equal(Copula().prepare(z)[:, 0] == Copula().prepare(z)[0, 0], z[:, 0] == z[0, 0])


def test_the_kin_are_told_units_too(rng: np.random.Generator) -> None:
    """Before, with units 1e4 apart: entropy 2.8 nats too high, KL .002 for .5, JSD 0."""
    z = rng.normal(size=(2000, 2))
    truth = math.log(2 * math.pi * math.e)
    entropy = KozachenkoLeonenko().estimate(z * [1.0, 1e4]).value
    assert entropy == pytest.approx(truth + math.log(1e4), abs=0.15)
    assert KozachenkoLeonenko().estimate(z * [1.0, 2.0**40]).value == pytest.approx(
        KozachenkoLeonenko().estimate(z * [1.0, 2.0**20]).value + 20 * math.log(2), abs=1e-9
    )
    q = rng.normal([0.0, 1.0], size=(2000, 2))
    unit = [1e4, 1.0]
    assert NearestNeighborKL().estimate(z * unit, q * unit).value == pytest.approx(0.5, abs=0.2)
    jsd = NearestNeighborJSD(10).estimate(z, q).value
    assert jsd > 0.08 and NearestNeighborJSD(10).estimate(z * unit, q * unit).value == pytest.approx(jsd, abs=0.03)
    label = np.repeat([0, 1], 2000)
    both = np.vstack([z, q]) * unit
    assert Ross(10).estimate(both, label).value == pytest.approx(jsd, abs=0.03)


@pytest.mark.parametrize("name", SMALL)
def test_only_heavy_tails_are_warned_of(name: str, rng: np.random.Generator) -> None:
    made = KSG().estimate(*BMI_TASKS[name].sample(2000, rng))
    assert bool(made.warnings) == (name in HEAVY)
    if made.warnings:
        assert "heavy tails" in str(made) and "copula" in json.dumps(asdict(made))
        assert not KSG(marginals=Copula()).estimate(*BMI_TASKS[name].sample(2000, rng)).warnings


def test_normals_uniforms_and_exponentials_are_not_warned_of(rng: np.random.Generator) -> None:
    """Budget: of 900 exponential columns about 1.5 % pass 1.5 ln n spreads, of normals and uniforms none."""
    for n in (20, 300, 5000):
        assert max(reach(f(size=(n, 300))).max() for f in (rng.normal, rng.random)) < 10
        assert np.mean(reach(rng.exponential(size=(n, 300))) > max(10, 1.5 * math.log(n))) < 0.08


@pytest.mark.parametrize("name", HEAVY)
def test_ranks_are_nearer_the_truth_on_heavy_tails(name: str, rng: np.random.Generator) -> None:
    task, errors = BMI_TASKS[name], np.zeros(2)
    for _ in range(3):
        x, y = task.sample(3000, rng)
        errors += [abs(KSG(marginals=m).estimate(x, y).value - task.mutual_information()) for m in MARGINALS.values()]
    assert errors[1] < errors[0]


@pytest.mark.parametrize(
    ("stretch", "low"), [(lambda z: z**3, 0.9), (lambda z: np.exp(2 * z), 0.9), (lambda z: np.exp(5 * z), 0.6)]
)
def test_stretched_normals_are_warned_of_and_ranks_undo_the_stretch(
    stretch: Callable[[np.ndarray], np.ndarray], low: float, rng: np.random.Generator
) -> None:
    """Increasing maps change nothing (T3): truth .511 for one pair, 1.66 for two; before, 1.1 for the latter without a word."""
    for d, rho, off in ((1, 0.8, 0.12), (2, 0.9, 0.25)):
        x, y = normal_pairs(rho, 1000, d, rng)
        truth = -d / 2 * math.log(1 - rho**2)
        plain = KSG().estimate(stretch(x), stretch(y))
        ranks = KSG(marginals=Copula()).estimate(stretch(x), stretch(y))
        assert plain.warnings and plain.value < (low + 0.15 if d == 1 else low) * truth
        assert ranks.value == pytest.approx(truth, abs=off) and not ranks.warnings
        assert ranks.value == KSG(marginals=Copula()).estimate(x, y).value


@pytest.mark.parametrize("name", LIGHT)
def test_ranks_cost_little_on_light_tails(name: str, rng: np.random.Generator) -> None:
    x, y = BMI_TASKS[name].sample(2000, rng)
    plain, ranks = (KSG(marginals=m).estimate(x, y).value for m in MARGINALS.values())
    assert ranks == pytest.approx(plain, abs=0.06)


def test_divergences_warn_in_two_dimensions_only(rng: np.random.Generator) -> None:
    p, q = rng.standard_cauchy((300, 2)), rng.standard_cauchy((300, 2))
    for estimator in (NearestNeighborJSD(), NearestNeighborKL()):
        assert estimator.estimate(p, q).warnings and not estimator.estimate(p[:, 0], q[:, 0]).warnings
    assert KozachenkoLeonenko().estimate(p).warnings and not KozachenkoLeonenko().estimate(p[:, 0]).warnings
    assert "x[:, 0] and 1 more" in NearestNeighborJSD().estimate(p * 1.0, q).warnings[0].replace("[:, 1]", "[:, 0]")
    far = NearestNeighborKL(marginals=Copula()).estimate(
        np.exp(5 * rng.normal(size=(2000, 2))), np.exp(5 * (1 + rng.normal(size=(2000, 2))))
    )
    assert far.value == pytest.approx(1.0, abs=0.25) and not far.warnings


def test_spreads_of_awkward_columns() -> None:
    z = np.stack(
        [np.zeros(9), np.r_[np.zeros(7), 4.0, 4.0], np.arange(9.0), np.repeat([-1.7e308, 1.7e308], [4, 5])], axis=1
    )
    assert spreads(z).tolist() == [0.0, 8.0, 4.0, 0.0]
    assert np.all(np.isfinite(Rescaled().prepare(z)))
    assert np.all(Rescaled().prepare(z)[:, 0] == 0)
    with pytest.raises(ArgumentError, match="at least 1"):
        Rescaled(0.5)
