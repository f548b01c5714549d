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


def test_a_floor_says_how_much_farther_than_a_retraining(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("row", "floor"):
        certify = ("certify", str(coins(tmp_path / f"{name}.parquet")), "--out", str(tmp_path / f"{name}.json"))
        assert run(capsys, *certify)[0] == 0
    asked = ("check", str(tmp_path / "row.json"), "--floor", str(tmp_path / "floor.json"))
    status, out, _ = run(capsys, *asked, "--json")
    found = json.loads(out)["beyond"]
    assert status == 0 and found["lower"] < 0 < found["upper"] and found["verdict"] == "as a retraining"
    status, out, _ = run(capsys, *asked)
    assert status == 0 and "floor:" in out and "beyond the floor by" in out
    edited = json.loads((tmp_path / "floor.json").read_text())
    edited["claim"]["upper"] /= 2
    (tmp_path / "floor.json").write_text(json.dumps(edited))
    status, out, _ = run(capsys, *asked)
    assert status == 1 and "beyond" not in out
