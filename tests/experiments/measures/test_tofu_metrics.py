"""The published golden numbers, from the benchmark's own logs (skipped where the data is not there)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from experiments.data.tofu import tofu_folder
from experiments.measures.tofu_metrics import (
    FORGET,
    UTILITY_TASKS,
    forget_quality,
    item_truth_ratios,
    model_utility,
    read_log,
    truth_ratio_score,
)
from mari_theory import ArgumentError

FOLDER = tofu_folder(None)
LOGS = FOLDER / "reference_logs" if FOLDER else Path("nowhere")
NEEDS_TOFU = pytest.mark.skipif(not LOGS.is_dir(), reason="TOFU's reference logs are not here")


@NEEDS_TOFU
def test_golden_numbers_to_15_digits() -> None:
    full, retrained = (read_log(LOGS / f"llama2-7b_{n}_wd0.01.json") for n in ("full", "retain90"))
    assert math.isclose(forget_quality(full, retrained), 1.834066410994743e-21, rel_tol=1e-14)
    assert math.isclose(model_utility(full), 0.6226773637427153, rel_tol=1e-14)
    assert math.isclose(model_utility(retrained), 0.613744995233942, rel_tol=1e-14)
    assert math.isclose(truth_ratio_score(full[FORGET], forget=True), 0.5159854212808592, rel_tol=1e-14)
    assert math.isclose(truth_ratio_score(retrained[FORGET], forget=True), 0.6740192657877031, rel_tol=1e-14)


@NEEDS_TOFU
def test_logs_of_other_splits_are_not_compared() -> None:
    with pytest.raises(ArgumentError, match="the same forget items"):
        forget_quality(read_log(LOGS / "llama2-7b_full_wd0.json"), read_log(LOGS / "llama2-7b_retain99_wd0.json"))


def task(true: float, wrong: float) -> dict[str, list[object]]:
    return {"avg_gt_loss": [true], "average_perturb_loss": [[wrong, wrong]], "rougeL_recall": [0.5]}


def test_by_hand() -> None:
    assert item_truth_ratios(task(1.0, 2.0))[0] == pytest.approx(math.exp(-1))
    assert truth_ratio_score(task(1.0, 2.0), forget=False) == pytest.approx(1 - math.exp(-1))
    assert truth_ratio_score(task(2.0, 1.0), forget=True) == pytest.approx(math.exp(-1))
    # Probability e^-1 on retain, 1/(1 + 2/e) among three options elsewhere; ROUGE 0.5; ratio 1 - 1/e; harmonic mean of nine.
    parts = [math.exp(-1), 0.5, 1 - math.exp(-1), *([1 / (1 + 2 / math.e), 0.5, 1 - math.exp(-1)] * 2)]
    assert model_utility(dict.fromkeys(UTILITY_TASKS, task(1.0, 2.0))) == pytest.approx(9 / sum(1 / x for x in parts))


def test_bad_logs_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="log: expected an existing"):
        read_log(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"eval_log.json": ')
    with pytest.raises(ArgumentError, match="a complete JSON file"):
        read_log(tmp_path / "half.json")
    (tmp_path / "other.json").write_text(json.dumps({"eval_log.json": {}}))
    with pytest.raises(ArgumentError, match="the tasks"):
        read_log(tmp_path / "other.json")
    with pytest.raises(ArgumentError, match="finite numbers"):
        item_truth_ratios(task(math.nan, 1.0))
