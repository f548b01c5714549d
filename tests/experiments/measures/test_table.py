"""The tables of measures and pairs: a line added is a column everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.audit import report
from experiments.audit.results import Run
from experiments.cli.main import main
from experiments.config import select_methods
from experiments.measures.pairs import PAIRS, PairMeasure
from experiments.measures.table import GROUPS, MEASURES, Group, Measure
from tests.experiments.audit.small import small


def test_names_of_the_tables_are_those_of_their_lines() -> None:
    for table in (MEASURES, GROUPS, PAIRS):
        assert all(name == line.name for name, line in table.items())
    assert all(m.measure.__doc__ for m in [*MEASURES.values(), *GROUPS.values(), *PAIRS.values()])


def test_a_line_added_appears_in_results_report_and_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seventh = Measure("seventh", "a seventh", 4, lambda m, name: 1 / 7 + len(name), summary=True)
    monkeypatch.setitem(MEASURES, "seventh", seventh)
    monkeypatch.setitem(
        GROUPS, "pairs", Group("pairs", "A new table", "Of two.", lambda m, name: {"one": 1.0, "two": 2.0})
    )
    again = PairMeasure("again", "once more", PAIRS["matched"].measure, lambda r: "seen twice", summary=True)
    monkeypatch.setitem(PAIRS, "again", again)
    config = select_methods(small(draws=40, shift_draws=20, enumerate_exactly=False), ["retain-only (control)"])
    config = config.model_copy(update={"train": config.train.changed({"steps": 3})})
    (tmp_path / "c.yaml").write_text(config.dump())
    out = tmp_path / "run"
    assert main(["audit", "--config", str(tmp_path / "c.yaml"), "--out", str(out), "--json"]) == 0
    assert '"seventh": 8.142857142857142' in capsys.readouterr().out
    run = Run.load(out)
    assert run.rows[0].measures["seventh"] == 1 / 7 + 8 and run.rows[0].groups["pairs"] == {"one": 1.0, "two": 2.0}
    assert "again" in run.rows[0].pairs
    page, summary = (out / "report.html").read_text(), (out / "summary.md").read_text()
    for words in ("a seventh", "8.1429", "once more", "seen twice"):
        assert words in page and words in summary
    assert "A new table" in page


def test_a_number_that_does_not_exist_is_a_dash(tmp_path: Path) -> None:
    assert MEASURES["truth_ratio"].text(None) == "-" == GROUPS["tofu"].text("model utility", None)
    assert report.table(["a"], [["b"]]) == ["| a |", "| --- |", "| b |"]
