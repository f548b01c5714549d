"""`results.json`: what is saved is what is loaded, and what is wrong is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.audit.report import write_report
from experiments.audit.results import Run
from mari_theory import ArgumentError


def test_loading_gives_back_what_was_saved(finished: Path, tmp_path: Path) -> None:
    run = Run.load(finished)
    run.save(tmp_path)
    assert Run.load(tmp_path) == run
    assert (tmp_path / "results.json").read_text() == (finished / "results.json").read_text()
    assert set(run.model_json_schema()["required"]) >= {"rows", "gate", "config"}


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign", "of the last release"])
def test_a_damaged_file_is_refused_in_one_line(finished: Path, tmp_path: Path, damage: str) -> None:
    text = (finished / "results.json").read_text()
    path = tmp_path / "results.json"
    if damage == "cut":
        path.write_text(text[: len(text) // 2])
    elif damage == "foreign":
        path.write_text("[]")
    elif damage == "of the last release":
        old = json.loads(text)
        del old["format"]
        old["rows"][0]["certificates"] = {}
        path.write_text(json.dumps(old))
    with pytest.raises(ArgumentError, match=r"^run: expected") as error:
        write_report(tmp_path)
    assert "\n" not in str(error.value)


def test_a_run_is_a_frame_with_a_row_a_model(finished: Path) -> None:
    run = Run.load(finished)
    frame = run.to_frame()
    assert list(frame.index) == [r.name for r in run.rows]
    for row in run.rows:
        claim = row.oracle.claim
        assert (
            frame.loc[row.name, "jsd.oracle.upper"] == claim.upper
            and frame.loc[row.name, "verdict"] == row.oracle.verdict
        )
    assert all(f"<td>{r.name}</td>" in run._repr_html_() for r in run.rows)
