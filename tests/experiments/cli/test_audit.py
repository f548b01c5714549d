"""`mari audit`: its table and JSON have the numbers of the run, and a refuted run exits 1."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from experiments.audit import run as audit
from experiments.audit.results import Run
from experiments.config import RunConfig
from experiments.measures.result import AuditFailure
from mari_theory.rounding import span
from tests.experiments.audit.small import small
from tests.experiments.cli.call import run

pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture
def argv(finished: Path, tmp_path: Path) -> list[str]:
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "c.yaml").write_text(small().dump())
    return ["audit", "--config", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run"), "--resume"]


@pytest.fixture
def measured(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run whose result is there already."""
    found = Run.load(finished)
    monkeypatch.setattr(audit, "run_audit", lambda config, out, resume, command: found)
    return found


def test_json_has_every_row(capsys: pytest.CaptureFixture[str], argv: list[str], measured: Run) -> None:
    status, out, err = run(capsys, *argv, "--json")
    made = json.loads(out)
    assert (
        status == 0
        and err == ""
        and made["ok"]
        and [r["name"] for r in made["rows"]] == [r.name for r in measured.rows]
    )
    for shown, row in zip(made["rows"], measured.rows, strict=True):
        assert shown["jsd_upper"] == row.oracle.claim.upper and shown["verdict"] == row.oracle.verdict
        assert row.oracle.owners is not None
        assert row.measures.items() <= shown.items() and shown["worst_owner_upper"] == row.oracle.owners.worst_upper


def test_the_table_has_a_line_a_model_and_the_floor(
    capsys: pytest.CaptureFixture[str], argv: list[str], measured: Run
) -> None:
    status, out, _ = run(capsys, *argv)
    lines = out.splitlines()
    floor = measured.the("oracle").oracle.claim
    assert (
        status == 0
        and f"floor, retrained models against the oracles: {span(floor.lower, floor.upper, word='-')}" in out
    )
    assert "gate " in out
    for row in measured.rows:
        (line,) = [x for x in lines if x.startswith(row.name[:22])]
        assert (
            span(row.oracle.claim.lower, row.oracle.claim.upper, word="-") in line and f"{row.best_attack:6.3f}" in line
        )


def test_a_refuted_run_is_told_on_stderr_and_in_json(
    capsys: pytest.CaptureFixture[str], argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuted(*_: object) -> Run:
        raise AuditFailure("x.parquet refuted by: text classifier")

    monkeypatch.setattr(audit, "run_audit", refuted)
    status, out, err = run(capsys, *argv, "--json")
    assert status == 1 and err == "mari audit: FAILED: x.parquet refuted by: text classifier\n"
    assert json.loads(out)["ok"] is False and "refuted by" in json.loads(out)["failure"]


def test_only_the_named_rows_and_another_seed_are_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, measured: Run
) -> None:
    asked: list[tuple[RunConfig, Path, bool, str]] = []

    def noted(config: RunConfig, out: Path, resume: bool, command: str) -> Run:
        asked.append((config, out, resume, command))
        return measured

    monkeypatch.setattr(audit, "run_audit", noted)
    assert run(capsys, "audit", "--method", "MarI pooled 1", "--seed", "5", "--json")[0] == 0
    ((config, out, resume, command),) = asked
    assert [m.label for m in config.methods] == ["MarI pooled 1"] and config.seed == 5
    assert out == Path("runs/tiny") and not resume and command == "mari audit --preset tiny"


def test_a_config_of_ones_own_has_a_folder_of_its_own_and_is_named_in_the_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, measured: Run, tmp_path: Path
) -> None:
    asked: list[tuple[Path, str | None, str]] = []

    def noted(config: RunConfig, out: Path, resume: bool, command: str) -> Run:
        asked.append((out, config.out, command))
        return measured

    monkeypatch.setattr(audit, "run_audit", noted)
    mine = tmp_path / "mine.yaml"
    mine.write_text("seed: 3\n")
    assert run(capsys, "audit", "--config", str(mine), "--json")[0] == 0  # not runs/tiny, which is the preset's
    mine.write_text("seed: 3\nout: elsewhere/run\n")
    assert run(capsys, "audit", "--config", str(mine), "--json")[0] == 0
    assert run(capsys, "audit", "--config", str(mine), "--out", "here", "--json")[0] == 0
    named = f"mari audit --preset tiny --config {mine}"
    assert asked == [(Path(x), x, named) for x in ("runs/mine", "elsewhere/run", "here")]


def test_a_damaged_model_says_so_in_its_cell_and_comes_last(
    capsys: pytest.CaptureFixture[str], argv: list[str], measured: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = measured.rows[1].utility["retain"].model_copy(update={"upper": -0.2})
    wrecked = measured.rows[1].model_copy(update={"utility": {"retain": lost}})
    kept = [r.model_copy(update={"utility": {}}) for r in measured.rows]
    found = measured.model_copy(update={"rows": (kept[0], wrecked, *kept[2:])})
    monkeypatch.setattr(audit, "run_audit", lambda *_: found)
    names = [r.name for r in found.ordered]
    assert names == [kept[0].name, kept[2].name, kept[3].name, wrecked.name, kept[-1].name]
    status, out, _ = run(capsys, *argv)
    lines = [x for x in out.splitlines() if x.startswith(tuple(n[:22] for n in names))]
    assert status == 0 and [x for x in lines if x.endswith(", but damaged")] == [lines[3]]
    assert json.loads(run(capsys, *argv, "--json")[1])["rows"][3]["damaged"] is True
