"""`mari verify`: the table for people, the JSON and the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.experiments.cli.call import run


def test_human_output_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "verify", "--cases", "20", "--theorem", "T1", "--theorem", "T26")
    assert status == 0 and ("2 passed, 0 failed" in out or "Coq unbuilt" in out) and "witness" in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_and_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    argv = ("--theorem", "T5", "--theorem", "T26", "--cases", "50", "--html", str(page), "--json")
    status, out, err = run(capsys, "verify", *argv)
    result = json.loads(out)
    assert status == 0 and result["passed"] + result["incomplete"] == 2 and result["failed"] == 0
    assert [t["evidence"]["property"] for t in result["theorems"]] == ["pass", "pass"]
    assert err == ""
    text = page.read_text()
    assert 'id="T5"' in text and "figure of T5" in text and "No symbolic evidence" in text and "unavailable" not in text
