"""What the page on blindness concludes from its numbers, and what its readings are."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from experiments.studies.blindness.page import control_verdict, verdict
from experiments.studies.blindness.readings import Reading, interval
from experiments.studies.blindness.signals import SIGNALS, SetLaws, pooled_reading

POOLED, TRUTH = "pooled, diluted, against retain", "p(truth), against never-seen"


def at(model: dict[str, tuple[float, float]]) -> dict[str, Reading]:
    """Readings of one model: those named, the others nothing over no floor."""
    return {s: Reading(*model.get(s, (0.0, 0.0))) for s in SIGNALS}


def test_one_run_says_what_is_over_its_floor_and_how_far_over_the_oracle() -> None:
    original = at({POOLED: (0.02, 0.03), TRUTH: (0.69, 0.01), "entropy, against retain": (0.3, 0.1)})
    oracle = at({POOLED: (0.01, 0.03), TRUTH: (0.02, 0.01), "entropy, against retain": (0.6, 0.1)})
    text = control_verdict({"one prior": {"original": original, "oracle-0": oracle}})
    assert (
        f"with one prior (and over the oracle's reading by): entropy, against retain (-0.3000); {TRUTH} (+0.6700)."
        in text
    )
    assert "read alike" not in text
    shifted, told = {**original, POOLED: Reading(0.2, 0.03)}, {**oracle, POOLED: Reading(0.199, 0.03)}
    text = control_verdict({"its own prior": {"original": shifted, "oracle-0": told}})
    assert f"{POOLED} (+0.0010)" in text and "Where the two models read alike" in text


def test_over_seeds_a_signal_needs_its_interval() -> None:
    def seed(k: int) -> dict[str, dict[str, Reading]]:
        wobble = 0.001 * k
        original = at({POOLED: (0.03 + 0.02 * (-1) ** k, 0.03), TRUTH: (0.69 - wobble, 0.01)})
        return {"original": original, "oracle-0": at({TRUTH: (0.02 + wobble, 0.01), POOLED: (0.03 + wobble, 0.03)})}

    text = verdict([seed(k) for k in range(5)])
    assert f"See memorisation: {TRUTH}." in text and POOLED not in text.split(".")[0]
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2.0 - 2.4841, 2.0 + 2.4841), abs=1e-4)


def test_pooled_reading_weighs_positions_by_their_counts() -> None:
    """Two positions with 3 and 1 tokens: the pooled law is (3/4, 1/4), against the same law at one position 0."""
    a = SetLaws(np.array([[3.0, 0.0], [0.0, 1.0]]), np.array([3.0, 1.0]), {})
    b = SetLaws(np.array([[1.5, 0.5]]), np.array([2.0]), {})
    assert pooled_reading(a, b, 1.0) == pytest.approx(0.0, abs=1e-15)
    c = SetLaws(np.array([[0.0, 2.0]]), np.array([2.0]), {})
    assert pooled_reading(c, SetLaws(np.array([[2.0, 0.0]]), np.array([2.0]), {}), 1.0) == pytest.approx(np.log(2))
