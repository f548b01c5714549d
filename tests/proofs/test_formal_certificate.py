"""The integers that Coq sees: a valid, near-lossless upper bound; Coq itself where it is installed (long)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import mari_theory as mt
from mari_theory import ArgumentError
from proofs.formal_certificate import DENOMINATOR, UNIT, conclude, emit, integer_pair


def laws(k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    p = rng.dirichlet(np.full(k, 0.5))
    return p, 0.9 * p + 0.1 * rng.dirichlet(np.full(k, 0.5))


@pytest.mark.parametrize(("k", "most"), [(2, 1000), (30, 1000), (500, 60), (20_000, 1000)])
def test_integers_bound_the_divergence_from_above(k: int, most: int, rng: np.random.Generator) -> None:
    p, q = laws(k, rng)
    pair = integer_pair(p, q, most)
    assert len(pair.masses) <= most
    assert sum(a for a, _ in pair.masses) == sum(b for _, b in pair.masses) == DENOMINATOR
    assert all(a >= 0 and b >= 0 for a, b in pair.masses)
    first, second = (np.array([m[i] / DENOMINATOR for m in pair.masses]) for i in (0, 1))
    value, raised = float(mt.jensen_shannon(p, q)), float(mt.jensen_shannon(first, second))
    assert raised >= value * (1 - 1e-12)
    if k <= most - 3:
        assert raised <= value * (1 + 1e-9)
    # The accuracy is the sharp bound for what was emitted, to one unit.
    sharp = float(mt.max_accuracy(raised))
    assert sharp - 1e-12 <= float(pair.accuracy) <= sharp + 2 / UNIT


def test_denormal_and_one_sided_masses() -> None:
    p, q = np.array([1.0, 0.0, 5e-324]), np.array([0.0, 1.0, 1e-300])
    pair = integer_pair(p, q)
    assert pair.accuracy == 1 or float(pair.accuracy) > 1 - 1e-8
    same = integer_pair(np.array([0.3, 0.7]), np.array([0.3, 0.7]))
    assert same.accuracy <= Fraction(1, 2) + Fraction(1, UNIT)
    with pytest.raises(ArgumentError, match="one length"):
        integer_pair(np.ones(2) / 2, np.ones(3) / 3)


def test_the_emitted_claim_says_what_the_integers_are(rng: np.random.Generator) -> None:
    pair = integer_pair(*laws(4, rng))
    text = emit(pair)
    assert all(f"({a}, {b})" in text for a, b in pair.masses)
    assert f"<= (1 + {pair.s} / {UNIT}) / 2" in text and "Admitted" not in text
    assert math.isclose(float(pair.accuracy), (1 + pair.s / UNIT) / 2)


@pytest.mark.long
@pytest.mark.coq
def test_coq_accepts_the_claim_and_refuses_one_unit_less(rng: np.random.Generator) -> None:
    pair = integer_pair(*laws(12, rng))
    conclude(emit(pair))
    with pytest.raises(ArgumentError, match="the claim to be accepted"):
        conclude(emit(pair, pair.s - 1))
