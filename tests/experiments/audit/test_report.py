"""The page and the table of a run: files, figures inside, plain sentences."""

from __future__ import annotations

from pathlib import Path


def test_every_promised_file_is_there(finished: Path) -> None:
    for name in ("config.yaml", "results.json", "report.html", "summary.md"):
        assert (finished / name).is_file()
    assert {p.name for p in (finished / "figures").iterdir()} == {"certified.png", "trajectory.png", "roc.png"}
    page = (finished / "report.html").read_text()
    assert "data:image/png;base64" in page and "http" not in page.replace("http-equiv", "")
    assert not list(finished.rglob(".*"))
