"""The README shows what the results folder holds, and nothing older."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import readme
from benchmarks.readme import blocks, filled, publish, theorems, unproved
from mari_theory import THEOREMS, ArgumentError
from proofs.verify import KINDS

ROOT = Path(__file__).parents[2]


def test_the_readme_is_up_to_date() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert filled(text, blocks(ROOT / "docs" / "results")) == text


def test_one_program_fills_every_marked_block() -> None:
    marks = set(re.findall(r"<!-- ([A-Z0-9]+) -->", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert marks == set(blocks(ROOT / "docs" / "results"))


def test_the_theorems_have_a_row_each_and_evidence_that_fails_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = theorems().splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(THEOREMS)
    passing = dict.fromkeys(KINDS, "pass")
    found = [{"id": name, "evidence": passing} for name in THEOREMS]
    monkeypatch.setattr(readme, "verify", lambda cases: {"theorems": found})
    assert unproved() == []
    found[4] = {"id": "T5", "evidence": {**passing, "property": "fail", "formal": "not-built"}}
    # T3 has no derivation: nothing is promised there.
    found[2] = {"id": "T3", "evidence": {**passing, "symbolic": "absent"}}
    assert unproved() == ["T5 property fail", "T5 formal not-built"]


def test_blocks_are_replaced_whole_and_only_once() -> None:
    text = "a\n<!-- X -->\nold\nlines\n<!-- /X -->\nb\n"
    assert filled(text, {"X": r"new \1"}) == "a\n<!-- X -->\nnew \\1\n<!-- /X -->\nb\n"
    with pytest.raises(ArgumentError, match="one block marked Y"):
        filled(text, {"Y": ""})
    with pytest.raises(ArgumentError, match="one block marked X"):
        filled(text * 2, {"X": ""})


def test_only_a_finished_run_is_published(tmp_path: Path) -> None:
    run, docs = tmp_path / "run", tmp_path / "docs"
    (run / "figures").mkdir(parents=True)
    assert not publish(run, docs) and not docs.exists()
    for name in ("config.yaml", "results.json", "report.html", "summary.md"):
        (run / name).write_text(name)
    (run / "figures" / "a.png").write_text("x")
    assert publish(run, docs) and publish(run, docs)
    assert (docs / "figures" / "a.png").is_file() and (docs / "summary.md").read_text() == "summary.md"
