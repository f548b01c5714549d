"""Which rows a method may use: designs, order, prompts with one arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError
from tests.mari_theory.certificates.build import (
    certified,
    coin_rows,
    write_rows,
)
from tests.mari_theory.certificates.test_evidence_findings import LAYOUTS, grouped


@pytest.mark.parametrize("interval", ["betting", "betting-anytime", "maurer-pontil"])
@pytest.mark.parametrize("design", [None, "independent", "iid"])
@pytest.mark.parametrize(("prompts", "draws", "order"), LAYOUTS[:4])
def test_rows_grouped_by_prompt_are_refused_by_every_method_that_needs_random_order(
    tmp_path: Path, prompts: int, draws: int, order: str, design: str | None, interval: str
) -> None:
    path, _ = grouped(tmp_path / "s.parquet", prompts, draws, order, 0, design)
    with pytest.raises(ArgumentError, match="rows grouped by prompt" if design == "iid" else "design: iid"):
        certify_files([path], interval=interval)


def test_unequal_numbers_of_draws_are_refused_by_betting(tmp_path: Path) -> None:
    path, _ = grouped(tmp_path / "s.parquet", 100, 0, "sorted", 0, "independent", (40, 20))
    with pytest.raises(ArgumentError, match="design: iid"):
        certify_files([path], interval="betting")


def test_a_prompt_with_one_arm_only_is_refused_by_name_unless_prompts_were_drawn(tmp_path: Path) -> None:
    arm = np.repeat([0, 1], 100)
    prompt = np.where(np.arange(200) < 150, 0, 1)
    rows = coin_rows(0.3, 0.5, arm, np.random.default_rng(0))
    with pytest.raises(ArgumentError, match="prompt 'p1' with rows of one arm only"):
        certify_files([write_rows(tmp_path / "s.parquet", arm, *rows, prompt, design="independent")])


@pytest.mark.parametrize("design", ["independent", None])
def test_a_prompt_with_many_rows_does_not_count_for_more_than_its_share(tmp_path: Path, design: str | None) -> None:
    """Half of the prompts told apart, in 1 % of the rows: a ROC curve of rows as they stand said that no AUC exceeds 0.56."""
    arm = np.concatenate([np.repeat([0, 1], 40), np.repeat([0, 1], 4000)])
    prompt = np.repeat([0, 1], [80, 8000])
    p, q = np.where(prompt == 0, 0.01, 0.3), np.where(prompt == 0, 0.99, 0.3)
    path = write_rows(
        tmp_path / "s.parquet", arm, *coin_rows(p, q, arm, np.random.default_rng(0)), prompt, design=design
    )
    made = certified(path)
    assert made.direct.roc is None and made.direct.auc is None and made.levels.roc == 0
    truth = 0.5 + 0.49 / 2  # for a random prompt, the better guess of its two coins
    assert made.implies.max_accuracy >= truth and made.implies.max_auc >= truth
    assert "TPR" in " ".join(made.explain())
