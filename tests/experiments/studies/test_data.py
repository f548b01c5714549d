"""`data.json` of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.studies.data import Data, plain
from mari_theory import ArgumentError


def test_data_of_another_study_are_refused(tmp_path: Path) -> None:
    Data(tmp_path / "data.json", "rounds", "mari study rounds").keep("a", {"x": 1})
    with pytest.raises(ArgumentError, match="study methods"):
        Data(tmp_path / "data.json", "methods")


def test_two_processes_keep_their_own_sections(tmp_path: Path) -> None:
    one, two = (Data(tmp_path / "data.json", "rounds", "mari study rounds") for _ in range(2))
    one.keep("a", {"x": 1})
    two.keep("b", {"x": plain(float("inf"))})
    stored = Data(tmp_path / "data.json", "rounds").sections
    assert {name: section.numbers["x"] for name, section in stored.items()} == {"a": 1, "b": None}
