"""What the page on requests one after another says of its numbers."""

from __future__ import annotations

import pytest

from experiments.studies.rounds.measure import how_it_ended
from experiments.studies.rounds.page import table
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.reason import Reason


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.ALL_STEPS, "all 7 steps"),
        (Reason.FORGET_LOSS, "stopped at step 7"),
        (Reason.HOLDOUT_ACCURACY, "stopped at step 7, accuracy"),
    ],
)
def test_how_a_round_ended(reason: Reason, said: str) -> None:
    assert how_it_ended(LoopResult([], reason, 7)) == said


def test_a_row_has_a_column_a_request_and_every_number() -> None:
    row = {
        "forget": [[0.9, 0.25], [0.8, 0.125]],
        "ended": ["all 7 steps", "stopped at step 3"],
        "before": 0.5,
        "after": [0.49, 0.48],
        "retain": 0.75,
        "to_oracle": 0.1,
        "composed": 0.4,
        "direct": 0.3,
        "exact": 0.2,
    }
    heads, _, line = table({"NPO": row}, 2)
    cells = [c.strip() for c in line.strip("|").split("|")]
    assert len(cells) == heads.count("|") - 1 and "request 2" in heads and "request 3" not in heads
    assert cells == [
        "NPO",
        "0.90 0.25 (all 7 steps)",
        "0.80 0.12 (stopped at step 3)",
        "0.500: 0.490 0.480",
        "0.750",
        "0.1000",
        "0.4000",
        "0.3000",
        "0.2000",
    ]
