"""Mixtures of seeds (T33)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mari_theory import ArgumentError, jensen_shannon
from mari_theory.seeds import MOST_PAIRS, mean_mixture_divergence, mixture_divergence

RNG = np.random.default_rng(33)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_one_more_model_never_raises_the_average(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(3, 0.3), size=n), rng.dirichlet(np.full(3, 0.3), size=m)
    chain = [float(mean_mixture_divergence(p, q, k)) for k in range(1, min(n, m) + 1)]
    assert all(after <= before + 1e-12 for before, after in pairwise(chain))
    assert float(mixture_divergence(p, q)) <= chain[-1] + 1e-12


def test_one_model_of_each_arm_is_the_mean_over_pairs_and_all_of_them_the_mixture() -> None:
    p, q = RNG.dirichlet(np.ones(4), size=3), RNG.dirichlet(np.ones(4), size=3)
    each = np.mean([[jensen_shannon(a, b) for b in q] for a in p])
    assert float(mean_mixture_divergence(p, q, 1)) == pytest.approx(float(each), rel=1e-12)
    assert float(mean_mixture_divergence(p, q, 3)) == pytest.approx(float(mixture_divergence(p, q)), rel=1e-12)


def test_prompts_are_batched_and_backends_agree(backend: Callable[[Any], Any]) -> None:
    p, q = RNG.dirichlet(np.ones(5), size=(2, 6)), RNG.dirichlet(np.ones(5), size=(3, 6))
    both = mixture_divergence(backend(p), backend(q)), mean_mixture_divergence(backend(p), backend(q), 2)
    for i in range(6):
        assert float(both[0][i]) == pytest.approx(float(mixture_divergence(p[:, i], q[:, i])), rel=1e-4)
        assert float(both[1][i]) == pytest.approx(float(mean_mixture_divergence(p[:, i], q[:, i], 2)), rel=1e-4)


def test_a_model_that_is_no_law_is_refused_though_the_average_is_one() -> None:
    p = np.array([[1.2, -0.2], [0.0, 1.0]])
    with pytest.raises(ArgumentError, match=r"q: expected non-negative"):
        mixture_divergence(np.eye(2), p)
    with pytest.raises(ArgumentError, match=r"p: expected an array \(models"):
        mixture_divergence(np.array([0.5, 0.5]), np.eye(2))


@pytest.mark.parametrize("k", [0, 3, True, 1.0])
def test_counts_of_models_out_of_range_are_refused(k: Any) -> None:
    with pytest.raises((ArgumentError, TypeError), match="k"):
        mean_mixture_divergence(np.eye(3), np.eye(3)[:2], k)


def test_more_mixtures_than_can_be_gone_through_are_refused() -> None:
    many = np.full((30, 2), 0.5)
    with pytest.raises(ArgumentError, match=f"{MOST_PAIRS:,} pairs"):
        mean_mixture_divergence(many, many, 15)
