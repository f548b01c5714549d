"""What the page on matched-reference MarI concludes from its numbers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from benchmarks.matched import Measured, real, said_of, table, toy, verdict
from experiments.methods import make_method


def row(lower: float, upper: float, author: float) -> Measured:
    return Measured(0.5 * (lower + upper), lower, upper, 0.5, author, 0.5, 0.9, 10.0)


def test_the_verdict_names_who_overlaps_an_oracle_and_who_hides_as_well() -> None:
    found = {
        "original": row(0.5, 0.6, 1.0),
        "near": row(0.04, 0.05, 0.7),
        "quiet": row(0.2, 0.3, 0.55),
        "both": row(0.01, 0.02, 0.6),
        "oracle-0": row(0.01, 0.03, 0.6),
        "oracle-1": row(0.02, 0.04, 0.51),
    }
    text = verdict(found)
    assert "JSD 0.0200 to 0.0300, author-level attack 0.510 to 0.600" in text
    assert "overlaps an oracle's: near; both." in text
    assert "no better than on an oracle: quiet; both. Both: both." in text
    assert len(table(found)) == 2 + len(found)


@pytest.mark.parametrize(("twin", "said"), [(0.1, "it is no reference here"), (0.9, "it knows little of the answers")])
def test_a_reference_that_knows_the_answers_is_called_none(twin: float, said: str) -> None:
    losses = {"the original, of a made-up name": twin, "an oracle, of the forget subject": 1.0}
    assert said in said_of(losses)[-1]


def test_every_row_is_a_method_that_exists() -> None:
    for config in (toy(False), real()):
        labels = [m.label for m in config.methods]
        assert len(set(labels)) == len(labels)
        for m in config.methods:
            make_method(m.name, **m.settings)
