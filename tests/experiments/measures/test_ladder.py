"""Every rung by name, its margin and what lies beyond the floor; T35's order where it is known exactly."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from experiments.audit.results import Run
from experiments.config import Channel
from experiments.measures.channels import CHANNELS
from experiments.measures.greedy import GREEDY
from experiments.measures.sampled_rungs import SAMPLED
from tests.experiments.audit.small import SAMPLED_RUNGS


def test_every_name_of_the_configuration_is_a_rung() -> None:
    assert [*CHANNELS, GREEDY, *SAMPLED] == list(get_args(Channel))


def test_every_row_has_every_rung_and_its_excess(ladder: Path) -> None:
    run = Run.load(ladder)
    original, floor = run.the("original"), run.the("oracle")
    assert list(run.gate.readings) == [*CHANNELS, "answer"]  # draws are not spent on the gate where laws are known
    for name, margin in SAMPLED_RUNGS.items():
        excess = original.excess[name]
        assert excess.margin == margin and excess.method == ("exact" if name == GREEDY else "paired")
        own, other = (r.rungs[name].certificate.claim for r in (original, floor))
        assert excess.lower <= own.upper - other.lower and own.lower - other.upper <= excess.upper
    assert not floor.excess


@pytest.mark.parametrize("name", ["prefix-1", "owner"])
def test_a_sampled_rung_stands_in_the_report(ladder: Path, name: str) -> None:
    assert f"JSD, {name}" in (ladder / "summary.md").read_text()
