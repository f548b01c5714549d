"""The table of studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.studies import STUDY_QUESTIONS, load_study


@pytest.mark.parametrize("name", list(STUDY_QUESTIONS))
def test_every_study_has_sections_and_a_page_without_numbers(name: str, tmp_path: Path) -> None:
    study = load_study(name)
    assert study.name == name and study.sections and len(set(study.sections)) == len(study.sections)
    lines = study.page({}).lines
    assert lines[0].startswith("# ") and any(f"mari study {name} --section" in x for x in lines)
    settings = study.settings(tmp_path / "run", [], True, {})
    assert settings.run == tmp_path / "run" / "quick" and settings.sections == study.sections
