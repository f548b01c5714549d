"""`mari report`: a finished run's report, drawn again from its result alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.experiments.cli.call import run


@pytest.mark.usefixtures("drawn")
def test_the_same_report_comes_out_of_the_result_alone(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path
) -> None:
    shutil.copy(finished / "results.json", tmp_path)
    status, out, err = run(capsys, "report", str(tmp_path), "--json")
    assert status == 0 and err == "" and json.loads(out) == {"report": str(tmp_path / "report.html")}
    for name in ("report.html", "summary.md"):
        assert (tmp_path / name).read_text() == (finished / name).read_text()
    assert (tmp_path / "results.json").read_bytes() == (finished / "results.json").read_bytes()
    assert run(capsys, "report", str(tmp_path))[1] == f"report: {tmp_path / 'report.html'}\n"
