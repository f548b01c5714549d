"""Lower bounds from the counts of a detector."""

from __future__ import annotations

import numpy as np
import pytest

import mari_theory as mt
from estimators import (
    audit_counts,
    audit_scores,
)
from mari_theory.families import GaussianPair
from tests.estimators.exact import limit


def test_audit_bounds_stay_below_the_truth(rng: np.random.Generator) -> None:
    pair, missed = GaussianPair(0.0, 1.0, 0.8, 1.0), 0
    for _ in range(200):
        b = audit_scores(pair.sample(0, 200, rng), pair.sample(1, 200, rng), 0.9)
        missed += b.jsd_lower > pair.jsd() or b.total_variation_lower > pair.total_variation()
    assert missed <= limit(200, 0.1)


def test_an_inverted_detector_proves_as_much() -> None:
    assert audit_counts(10, 100, 80, 100).jsd_lower == pytest.approx(audit_counts(90, 100, 20, 100).jsd_lower)


@pytest.mark.parametrize("counts", [(1, 0, 1, 5), (6, 5, 1, 5), (-1, 5, 1, 5)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(mt.ArgumentError):
        audit_counts(*counts)
