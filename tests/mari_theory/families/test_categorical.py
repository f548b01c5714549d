"""Finite laws: Zipf's at a given divergence, and products."""

from __future__ import annotations

import numpy as np
import pytest

import mari_theory as mt
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.families import (
    PAIRS,
    ZIPF_LEVELS,
    product,
    zipf,
)


@pytest.mark.parametrize("level", ZIPF_LEVELS)
def test_zipf_levels_are_met_over_a_vocabulary(level: float) -> None:
    pair = zipf(level)
    low, high = jensen_shannon_enclosure(*pair.arms())
    assert low * (1 - 1e-9) <= level <= high * (1 + 1e-9)


def test_product_of_draws_matches_enumeration() -> None:
    p, q = (np.array([0.7, 0.3]), np.array([0.6, 0.4]))
    all_p, all_q = (np.kron(np.kron(a, a), a) for a in (p, q))
    assert product(PAIRS["bernoulli"], 3).jsd() == pytest.approx(float(mt.jensen_shannon(all_p, all_q)), rel=1e-12)
