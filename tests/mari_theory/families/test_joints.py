"""Joint laws with known information."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mari_theory.families import (
    BMI_TASKS,
    CONTINUOUS_JOINTS,
    DISCRETE_JOINTS,
    MIXED_JOINTS,
    ZeroInflatedPoisson,
    gaussian_pair,
)
from tests.mari_theory.families.simulation import close


def test_correlated_gaussian_information_is_what_samples_say(rng: np.random.Generator) -> None:
    family = gaussian_pair(0.6)
    x, y = family.sample(200_000, rng)
    rho = float(np.corrcoef(x[:, 0], y[:, 0])[0, 1])
    assert -0.5 * math.log(1 - rho * rho) == pytest.approx(family.mutual_information(), abs=0.01)


JOINTS = {**DISCRETE_JOINTS, **CONTINUOUS_JOINTS, **MIXED_JOINTS, **BMI_TASKS}


@pytest.mark.parametrize("name", JOINTS)
def test_pointwise_information_has_the_stated_mean(name: str, rng: np.random.Generator) -> None:
    joint = base = JOINTS[name]
    while hasattr(base, "base"):
        base = base.base
    x, y = base.sample(20_000, rng)
    terms = base.pointwise_information(x, y)
    assert close(terms, joint.mutual_information(), len(JOINTS))
    seen_x, seen_y = joint.sample(50, rng)
    assert len(seen_x) == len(seen_y) == 50 and np.isfinite(seen_x).all() and np.isfinite(seen_y).all()


def test_the_published_value_of_the_zero_inflated_poisson_is_refuted(rng: np.random.Generator) -> None:
    law = ZeroInflatedPoisson(0.15)
    terms = law.pointwise_information(*law.sample(200_000, rng))
    assert close(terms, law.mutual_information(), 1)
    assert not close(terms, 0.85 * 0.3012, 1)
