"""The tables of measures and pairs: a line added is a column everywhere."""

from __future__ import annotations

import html
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.audit import report
from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.cli.main import main
from experiments.config import RunConfig, load_config, select_methods
from experiments.data.generated import ATTRIBUTES
from experiments.interop.evaluation_logs import read_log
from experiments.labels import slug
from experiments.measures.pairs import PAIRS, PairMeasure
from experiments.measures.table import GROUPS, MEASURES, Group, Measure, rank_p
from experiments.measures.tofu_metrics import forget_quality, model_utility
from tests.experiments.audit.small import small, trained


def test_names_of_the_tables_are_those_of_their_lines() -> None:
    for table in (MEASURES, GROUPS, PAIRS):
        assert all(name == line.name for name, line in table.items())
    lines: list[Measure | Group | PairMeasure] = [*MEASURES.values(), *GROUPS.values(), *PAIRS.values()]
    assert all(line.measure.__doc__ for line in lines)


@pytest.mark.usefixtures("drawn")
def test_a_line_added_appears_in_results_report_and_command_line(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seventh = Measure("seventh", "a seventh", 4, lambda m, name: 1 / 7 + len(name), summary=True)
    monkeypatch.setitem(MEASURES, "seventh", seventh)
    monkeypatch.setitem(
        GROUPS, "pairs", Group("pairs", "A new table", "Of two.", lambda m, name: {"one": 1.0, "two": 2.0})
    )
    again = PairMeasure("again", "once more", PAIRS["marginal"].measure, lambda r: "seen twice", summary=True)
    monkeypatch.setitem(PAIRS, "again", again)
    small_one = small(draws=40, shift_draws=20, enumerate_exactly=False, robustness=False)
    (tmp_path / "c.yaml").write_text(select_methods(small_one, ["retain-only (control)"]).dump())
    out = trained(finished, tmp_path / "run", load_config("tiny", tmp_path / "c.yaml"))
    assert main(["audit", "--config", str(tmp_path / "c.yaml"), "--out", str(out), "--resume", "--json"]) == 0
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


def write_tofu(folder: Path) -> None:
    """TOFU's files in small, in words the fixtures know: six authors, the last forgotten."""
    folder.mkdir()
    values = [v for values in ATTRIBUTES.values() for v in values]

    def row(n: int) -> dict[str, object]:
        wrong = [values[(n + k) % len(values)] for k in range(2, 5)]
        asked = {"question": f"day job : {values[n // 20]} {values[n % 20]} ?", "answer": values[n % len(values)]}
        return asked | {"perturbed_answer": wrong, "paraphrased_answer": values[(n + 1) % len(values)]}

    rows = [row(n) for n in range(120)]
    general = [{k: v for k, v in row(n).items() if k != "paraphrased_answer"} for n in range(200, 203)]
    parts = {"full": rows, "forget01": rows[100:], "forget01_perturbed": rows[100:], "retain_perturbed": rows[:40]}
    parts |= {"real_authors_perturbed": general, "world_facts_perturbed": general}
    for name, part in parts.items():
        (folder / f"{name}.json").write_text("\n".join(json.dumps(r) for r in part))


@pytest.mark.usefixtures("drawn")
def test_tofu_adds_its_own_numbers(tmp_path: Path, models: Path) -> None:
    write_tofu(tmp_path / "tofu")
    data = small(
        enumerate_exactly=False, draws=40, shift_draws=20, truth_items=4, rouge_items=2, robustness=False
    ).model_dump()
    data["corpus"] = {"kind": "tofu", "folder": str(tmp_path / "tofu"), "forget": 1, "retain": 2, "holdout": 2}
    data["model"] = {"kind": "adapter", "path": str(models / "a"), "rank": 2, "last_layers": 1}
    data["train"]["steps"], data["unlearn"]["steps"] = 2, 1
    out = tmp_path / "run"
    for r in run_audit(select_methods(RunConfig(**data), ["retain-only (control)"]), out).rows:
        log, rival = (read_log(out / "tofu" / f"{slug(n)}.json") for n in (r.name, "oracle-1"))
        numbers = r.groups["tofu"]
        assert numbers["questions"] == 20 and len(log.task("retain").true) == 4
        assert numbers["TOFU forget quality (p)"] == forget_quality(log, rival)
        assert numbers["model utility"] == model_utility(log)
    assert "TOFU's own numbers" in html.unescape((out / "report.html").read_text())
    assert "| TOFU forget quality (p) |" in (out / "summary.md").read_text()


@pytest.mark.parametrize(("own", "p"), [(0.0, 2 / 21), (21.0, 2 / 21), (18.5, 6 / 21), (10.5, 1.0)])
def test_a_rank_is_exact_among_retrained_models_and_needs_nineteen(own: float, p: float) -> None:
    """Twenty retrainings with losses 1 .. 20, or nineteen of them and too few: a count, both tails."""

    class Losses:
        def __init__(self, count: int) -> None:
            self.oracles, self.shadows = ["o1", "o2"], [f"s{k}" for k in range(3, count + 1)]

        def scores(self, name: str, split: str) -> Any:
            return SimpleNamespace(loss=np.array([own if name == "model" else float(name[1:])]))

    measured: Any = Losses(20)
    assert rank_p(measured, "model") == pytest.approx(p)
    few: Any = Losses(18)
    assert rank_p(few, "model") is None
    assert rank_p(measured, "o1") is not None  # an oracle among the nineteen others


def test_the_score_rung_has_owners_as_units(finished: Path) -> None:
    run = Run.load(finished)
    for row in run.rows:
        found = row.groups["score"]
        assert (found["owners to forget"], found["owners never seen"]) == (2, 2)
        # Two owners an arm: whatever they read, new ones may read anything.
        assert (found["at least"], found["at most"], found["accuracy at most"]) == (0.0, 1.0, 1.0)
        assert found["distance"] in (0.0, 0.5, 1.0)
