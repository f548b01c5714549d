"""Hypothesis: any pair of laws, zeros and near-equality included, obeys sections A and B."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import mari_theory as mt
from mari_theory.strategies import budgets, channels, joints, laws, pairs, weights

LN2 = math.log(2)


@settings(deadline=None)
@given(pairs(), weights())
def test_range_and_symmetry(pair: tuple[np.ndarray, np.ndarray], weight: float) -> None:
    p, q = pair
    value = float(mt.jensen_shannon(p, q, weight))
    assert 0.0 <= value <= mt.binary_entropy(weight) * (1 + 1e-12)
    assert math.isclose(value, float(mt.jensen_shannon(q, p, 1 - weight)), rel_tol=1e-9, abs_tol=1e-15)
    assert float(mt.jensen_shannon(p, p, weight)) == 0.0


@settings(deadline=None)
@given(pairs())
def test_accuracy_and_hellinger_sandwiches(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = pair
    value, tv = float(mt.jensen_shannon(p, q)), min(float(mt.total_variation(p, q)), 1.0)
    h2 = float(mt.squared_hellinger(p, q))
    assert float(mt.phi(tv)) * (1 - 1e-12) <= value <= tv * LN2 * (1 + 1e-12)
    assert LN2 * h2 * (1 - 1e-12) <= value <= h2 * (1 + 1e-12)


@settings(deadline=None)
@given(pairs(6), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_merging_symbols_never_raises_the_divergence(pair: tuple[np.ndarray, np.ndarray], target: list[int]) -> None:
    p, q = (np.bincount(target, x, minlength=4) for x in pair)
    assert float(mt.jensen_shannon(p, q)) <= float(mt.jensen_shannon(*pair)) * (1 + 1e-12) + 1e-15


@settings(deadline=None)
@given(pairs(), st.floats(0.01, 1.0))
def test_mixing_contracts(pair: tuple[np.ndarray, np.ndarray], share: float) -> None:
    p, f = pair
    mixed = float(mt.marginal_information(p, f, share))
    assert mixed <= mt.mixture_bound(min(float(mt.jensen_shannon(p, f)), LN2), share) * (1 + 1e-12) + 1e-16


@settings(deadline=None)
@given(pairs(5), channels(5), weights())
def test_no_channel_raises_the_divergence(
    pair: tuple[np.ndarray, np.ndarray], channel: np.ndarray, weight: float
) -> None:
    p, q = pair
    after = float(mt.jensen_shannon(p @ channel, q @ channel, weight))
    assert after <= float(mt.jensen_shannon(p, q, weight)) * (1 + 1e-9) + 1e-14


@settings(deadline=None)
@given(joints())
def test_mutual_information_of_a_two_row_joint_is_a_divergence(joint: np.ndarray) -> None:
    two = np.stack([joint[0], joint[1:].sum(axis=0)])
    weight = float(two[1].sum())
    if not 1e-6 < weight < 1 - 1e-6:
        return
    product = np.outer(two.sum(axis=1), two.sum(axis=0))
    information = float(np.sum(np.where(two > 0, two * np.log(np.where(two > 0, two / product, 1.0)), 0.0)))
    rows = two / two.sum(axis=1, keepdims=True)
    assert math.isclose(float(mt.jensen_shannon(rows[0], rows[1], weight)), information, rel_tol=1e-9, abs_tol=1e-12)


@settings(deadline=None)
@given(pairs(4), laws(4))
def test_square_roots_obey_the_triangle(pair: tuple[np.ndarray, np.ndarray], middle: np.ndarray) -> None:
    p, q = pair
    sides = [math.sqrt(float(mt.jensen_shannon(a, b))) for a, b in ((p, q), (p, middle), (middle, q))]
    assert sides[0] <= (sides[1] + sides[2]) * (1 + 1e-12) + 1e-12


@settings(deadline=None)
@given(pairs(), st.lists(st.floats(0, 1), min_size=8, max_size=8), budgets())
def test_every_test_stays_under_the_roc_bound(
    pair: tuple[np.ndarray, np.ndarray], rule: list[float], budget: float
) -> None:
    p, q = pair
    a, b = (float(min(max(x @ np.array(rule[: x.size]), 0.0), 1.0)) for x in (p, q))
    value = min(float(mt.jensen_shannon(p, q)), LN2)
    assert b <= float(mt.max_tpr(a, value)) + 1e-12
    assert float(mt.max_tpr(a, budget)) >= a
    assert 0.5 <= float(mt.max_accuracy(budget)) <= float(mt.max_accuracy_closed_form(budget)) + 1e-15 <= 1.0 + 1e-15


def test_theory_and_estimators_import_without_torch() -> None:
    blocked = "class Block:\n    def find_spec(self, name, *rest):\n        if name.split('.')[0] in ('torch', 'transformers', 'numba'): raise ImportError(name)\n"
    program = (
        blocked
        + "import sys; sys.meta_path.insert(0, Block()); import mari_theory, estimators, experiments.cli.main, estimators.certify, proofs.verify"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
