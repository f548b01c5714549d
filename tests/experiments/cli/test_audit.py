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
    monkeypatch.setattr(audit, "run_audit", lambda config, out, resume: found)
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
    asked: list[tuple[RunConfig, Path, bool]] = []

    def noted(config: RunConfig, out: Path, resume: bool) -> Run:
        asked.append((config, out, resume))
        return measured

    monkeypatch.setattr(audit, "run_audit", noted)
    assert run(capsys, "audit", "--method", "MarI pooled 1", "--seed", "5", "--json")[0] == 0
    ((config, out, resume),) = asked
    assert [m.label for m in config.methods] == ["MarI pooled 1"] and config.seed == 5
    assert out == Path("runs/tiny") and not resume
