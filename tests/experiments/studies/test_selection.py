"""Settings for a real model: how one is chosen, and a page that says how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docs.generate import study_data
from experiments.config import load_config
from experiments.methods import make_method
from experiments.studies.data import Data, Record, Section
from experiments.studies.methods.grid import read_grid
from experiments.studies.selection.grid import ENDS, FEWEST, GRID, section_labels
from experiments.studies.selection.measure import choose, request
from experiments.studies.selection.page import page
from mari_theory.rounding import up_to

MADE = Record("mari study selection", "2026-11-28", "x86_64", 1.0)


def setting(score: float, retain: float = 0.9, kept: bool = True, text: str = "gamma 1") -> dict[str, Any]:
    excess = {"choice": 0.006 * score, "first-token": 0.01}
    return {"setting": text, "excess": excess, "score": score, "retain": retain, "kept": kept, "forget_loss": 2.0, "seconds": 9.0}  # fmt: skip


def test_the_request_is_not_that_of_the_audit() -> None:
    audit, validation = load_config("smollm2"), request([], quick=False)
    assert validation.corpus.split != audit.corpus.split and validation.seed != audit.seed
    assert (validation.seeds, validation.oracles) == (1, 3)
    same = ("train", "unlearn", "model", "pilot", "gate", "scoring")
    assert all(getattr(validation, key) == getattr(audit, key) for key in same)


def test_every_setting_of_the_grid_can_be_made() -> None:
    grid = read_grid(GRID, FEWEST)
    assert len(grid) >= 8 and list(section_labels().values()) == list(grid)
    for rows in grid.values():
        assert len(rows) >= FEWEST
        for entry in rows:
            make_method(entry.name, **entry.settings)
            request([], quick=False).unlearn.changed(entry.loop)


def test_what_stays_comes_before_what_is_near() -> None:
    assert choose([setting(9.0), setting(2.0), setting(0.1, kept=False)]) == 1
    assert choose([setting(1.0, 0.2, kept=False), setting(3.0, 0.4, kept=False)]) == 1


def test_the_page_marks_what_was_taken() -> None:
    ends = {
        "original": setting(60.0),
        "floor": {"choice": 0.0002, "first-token": 0.01},
        "margins": {"choice": 0.006, "first-token": 0.04},
        "gate": {"choice": 0.001, "first-token": 0.002},
        "rate": 0.0005,
        "perplexity": {"base": 24.9, "0.0005": 26.0},
        "authors": {"forget": 1, "retain": 9, "holdout": 4},
        "retraining_seconds": 70.0,
        "corpus": "TOFU forget05",
    }
    npo = {
        "label": "NPO",
        "name": "npo",
        "settings": [setting(3.0), setting(1.5, text="gamma 2")],
        "chosen": 1,
        "place": 0,
    }
    text = "\n".join(page({ENDS: Section(MADE, ends), "npo": Section(MADE, npo)}).lines)
    assert (
        f"| **NPO** | **gamma 2** | **{up_to(0.006 * 1.5)}** |" in text
        and f"| NPO | gamma 1 | {up_to(0.006 * 3)} |" in text
    )
    assert "base 24.9, 0.0005 26.0" in text and "score 60.0" in text


@pytest.mark.parametrize("missing", [ENDS])
def test_a_page_without_its_ends_says_how_to_measure_them(missing: str) -> None:
    assert any(f"--section {missing}" in line for line in page({}).lines)


def test_the_preset_has_what_the_validation_request_chose() -> None:
    grid, preset = read_grid(GRID, FEWEST), load_config("smollm2")
    sections = Data(study_data(Path(__file__).parents[3] / "docs", "selection"), "selection").sections
    chosen = {s.numbers["label"]: s.numbers["chosen"] for name, s in sections.items() if name != ENDS}
    assert len(preset.methods) > 8  # the control beside eight
    for entry in preset.methods:
        taken = grid[entry.label][chosen[entry.label]]
        assert (entry.name, entry.settings) == (taken.name, taken.settings)
        assert preset.unlearn.changed(entry.loop) == preset.unlearn.changed(taken.loop)
