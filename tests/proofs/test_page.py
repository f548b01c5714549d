"""The page of `mari verify --html`: a figure for whoever has one, reasons, and what could not be run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proofs.page import CAPTION, write_theorems
from proofs.theorems import rooms
from proofs.verify import verify


def test_the_page_shows_evidence_reasons_and_what_could_not_be_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    result = verify(["T28", "T26"], cases=20)
    result["theorems"].append({**result["theorems"][0], "id": "T10"})  # a figure of its own, without its search
    write_theorems(result, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "0 fail" in text and "incomplete: a kind that applies could not be run here" in text
    assert "symbolic (SymPy not installed)" in text and "No symbolic evidence: a construction with four prompts" in text
    assert "figure of T28" in text and "figure of T26" not in text
    assert CAPTION in text and "marks: erasure channels (lower end)" in text


def test_figures_of_bounds_say_what_they_show() -> None:
    drawn = {name: evidence.figure for name, evidence in rooms().items() if evidence.figure}
    assert {"T5", "T6", "T7", "T8", "T9", "T10"} <= set(drawn)
    assert all("marks" in figure.caption for figure in drawn.values())
