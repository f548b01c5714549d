"""The README shows what the results folder holds, and nothing older."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.readme import blocks, filled, publish
from mari_theory import ArgumentError

ROOT = Path(__file__).parents[2]


def test_the_readme_is_up_to_date() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert filled(text, blocks(ROOT / "docs" / "results")) == text


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
