"""The ladder of access to an answer (T35)."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mari_theory import ArgumentError, jensen_shannon
from mari_theory.families import MARKOV_PAIRS
from mari_theory.ladder import prefix_profile


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.floats(0.01, 0.99))
def test_rungs_never_fall_and_end_at_the_whole_answer(seed: int, shape: list[int], weight: float) -> None:
    rng = np.random.default_rng(seed)
    p, q = (rng.dirichlet(np.full(math.prod(shape), 0.2)).reshape(shape) for _ in range(2))
    rungs = prefix_profile(p, q, weight)
    assert rungs.shape == (len(shape),) and all(low <= high + 1e-12 for low, high in pairwise(rungs))
    assert rungs[-1] == pytest.approx(float(jensen_shannon(p.ravel(), q.ravel(), weight)), abs=1e-15)
    first = [x.reshape(shape[0], -1).sum(axis=1) for x in (p, q)]
    assert rungs[0] == pytest.approx(float(jensen_shannon(first[0], first[1], weight)), abs=1e-12)


@pytest.mark.parametrize("name", MARKOV_PAIRS)
def test_a_rung_of_a_markov_chain_is_the_divergence_of_the_shorter_chain(name: str) -> None:
    pair = MARKOV_PAIRS[name]
    arms = []
    for start, rows in ((pair.start_p, pair.rows_p), (pair.start_q, pair.rows_q)):
        joint = np.array(start)
        for _ in range(3):
            joint = joint[..., None] * np.array(rows)
        arms.append(joint)
    expected = [replace(pair, length=k).jsd() for k in (1, 2, 3, 4)]
    assert prefix_profile(arms[0], arms[1]) == pytest.approx(expected, abs=1e-12)


def test_a_mixture_is_the_average_of_joint_laws_not_the_product_of_averages() -> None:
    says = {word: np.outer(*(np.eye(2)[int(t)] for t in word)) for word in ("00", "11", "01", "10")}
    p, q = (says["00"] + says["11"]) / 2, (says["01"] + says["10"]) / 2
    assert prefix_profile(p, q) == pytest.approx([0.0, math.log(2)])
    products = [np.outer(x.sum(axis=1), x.sum(axis=0)) for x in (p, q)]
    assert prefix_profile(products[0], products[1]) == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize(("p", "q", "name"), [(np.float64(1.0), np.float64(1.0), "p"), (np.eye(2) / 2, np.array([0.5, 0.5]), "q"), (np.eye(2), np.eye(2) / 2, "p"), (np.eye(2) / 2, np.full((2, 2), np.nan), "q")])  # fmt: skip
def test_what_is_no_pair_of_joint_laws_is_refused(p: Any, q: Any, name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        prefix_profile(p, q)
