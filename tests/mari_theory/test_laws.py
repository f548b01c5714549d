"""Hypothesis: any pair of laws, zeros and near-equality included, obeys sections A and B."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import mari_theory as mt

LN2 = math.log(2)
masses = st.one_of(st.just(0.0), st.floats(1e-12, 1.0))


@st.composite
def pairs(draw: st.DrawFn, outcomes: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Two laws on one alphabet of 2 to 8 outcomes."""
    k = outcomes or draw(st.integers(2, 8))
    out = []
    for _ in range(2):
        x = draw(npst.arrays(float, k, elements=masses).filter(lambda v: v.sum() > 1e-6))
        out.append(x / x.sum())
    return out[0], out[1]


@settings(deadline=None)
@given(pairs(), st.floats(0.001, 0.999))
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
    merged = [np.bincount(target, x, minlength=4) for x in pair]
    assert float(mt.jensen_shannon(*merged)) <= float(mt.jensen_shannon(*pair)) * (1 + 1e-12) + 1e-15


@settings(deadline=None)
@given(pairs(), st.floats(0.01, 1.0))
def test_mixing_contracts(pair: tuple[np.ndarray, np.ndarray], share: float) -> None:
    p, f = pair
    mixed = float(mt.marginal_information(p, f, share))
    assert mixed <= mt.mixture_bound(min(float(mt.jensen_shannon(p, f)), LN2), share) * (1 + 1e-12) + 1e-16


def test_theory_and_estimators_import_without_torch() -> None:
    blocked = "class Block:\n    def find_spec(self, name, *rest):\n        if name.split('.')[0] in ('torch', 'transformers', 'numba'): raise ImportError(name)\n"
    program = (
        blocked
        + "import sys; sys.meta_path.insert(0, Block()); import mari_theory, estimators, experiments.cli, experiments.certify, proofs.evidence"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
