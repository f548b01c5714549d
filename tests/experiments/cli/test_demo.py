"""`mari demo` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.experiments.cli.call import run


def test_it_prints_certificates_and_forgeries_in_80_columns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    status, out, err = run(capsys, "demo", "--open")
    assert status == 0 and err == "" and all(len(x) < 80 for x in out.splitlines())
    assert out.count("lines hold") == 3 and out.count("caught, ") == 2
    assert opened == [(tmp_path / "mari-demo" / "demo.html").as_uri()]
    status, out, err = run(capsys, "demo")
    assert status == 2 and err.startswith("mari demo: --out") and out == ""
    status, out, _ = run(capsys, "demo", "--out", "other", "--json")
    assert status == 0 and json.loads(out)["ok"] is True
