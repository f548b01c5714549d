"""`mari check`: a certificate holds as it was written, and not when a number of it was changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.experiments.cli.call import run
from tests.mari_theory.certificates.build import coins


def test_certify_then_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet")
    status, out, _ = run(capsys, "certify", str(evidence), "--out", str(tmp_path / "c.json"), "--json")
    assert status == 0 and json.loads(out)["claim"]["pair"] == "oracle"
    status, out, _ = run(capsys, "check", str(tmp_path / "c.json"), "--json")
    assert status == 0 and json.loads(out)["ok"] is True
    edited = json.loads((tmp_path / "c.json").read_text())
    edited["implies"]["max_accuracy"] = 0.51
    (tmp_path / "c.json").write_text(json.dumps(edited))
    status, out, _ = run(capsys, "check", str(tmp_path / "c.json"))
    assert status == 1 and "max_accuracy" in out
