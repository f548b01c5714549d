"""Marginal information: pooled, token by token, and what it is blind to."""

from __future__ import annotations

import numpy as np

import mari_theory as mt


def test_pooled_is_at_most_tokenwise(rng: np.random.Generator) -> None:
    retain, forget = rng.dirichlet(np.ones(9), size=(2, 5))
    pooled = mt.marginal_information(retain.mean(0), forget.mean(0), 0.3)
    assert float(pooled) <= float(mt.tokenwise_information(retain, forget, 0.3))


def test_blindness_of_pooling() -> None:
    """T26: a model that knows every answer by heart reads exactly 0 when the answers have the retain proportions."""
    memorised = np.eye(4)
    assert float(mt.pooled_information(np.full((8, 4), 0.25), memorised)) == 0.0
    assert float(mt.jensen_shannon(np.full((4, 4), 0.25), memorised).mean()) > 0.3


def test_a_small_marginal_information_bounds_nothing_at_a_small_share() -> None:
    assert mt.forget_total_variation(0.01, 0.05) == 1.0
    assert mt.forget_total_variation(0.0001, 0.5) < 0.03
