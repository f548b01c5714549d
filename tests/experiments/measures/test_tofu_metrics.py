"""The published golden numbers, from the benchmark's own logs (skipped where the data is not there)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.data.tofu import tofu_folder
from experiments.interop.evaluation_logs import read_log
from experiments.measures.model_log import FORGET, UTILITY_TASKS, ModelLog, TaskLog
from experiments.measures.tofu_metrics import (
    answer_probability,
    forget_quality,
    has_utility,
    item_truth_ratios,
    model_utility,
    truth_ratio_score,
)
from mari_theory import ArgumentError
from tests.experiments.interop.logs import NEEDS_LOGS, sample

FOLDER = tofu_folder(None)
LOGS = FOLDER / "reference_logs" if FOLDER else None
NEEDS_TOFU = pytest.mark.skipif(LOGS is None or not LOGS.is_dir(), reason="TOFU's reference logs are not here")


@NEEDS_TOFU
def test_golden_numbers_to_15_digits() -> None:
    assert LOGS is not None
    full, retrained = (read_log(LOGS / f"llama2-7b_{n}_wd0.01.json") for n in ("full", "retain90"))
    assert math.isclose(forget_quality(full, retrained), 1.834066410994743e-21, rel_tol=1e-14)
    assert math.isclose(model_utility(full), 0.6226773637427153, rel_tol=1e-14)
    assert math.isclose(model_utility(retrained), 0.613744995233942, rel_tol=1e-14)
    assert math.isclose(truth_ratio_score(full.task(FORGET), forget=True), 0.5159854212808592, rel_tol=1e-14)
    assert math.isclose(truth_ratio_score(retrained.task(FORGET), forget=True), 0.6740192657877031, rel_tol=1e-14)


@NEEDS_TOFU
def test_logs_of_other_splits_are_not_compared() -> None:
    assert LOGS is not None
    with pytest.raises(ArgumentError, match="the same forget items"):
        forget_quality(read_log(LOGS / "llama2-7b_full_wd0.json"), read_log(LOGS / "llama2-7b_retain99_wd0.json"))


SPLITS = {"forget01": "retain99", "forget05": "retain95", "forget10": "retain90"}


@NEEDS_LOGS
@pytest.mark.parametrize("split", SPLITS)
def test_what_openunlearning_reports_of_its_own_logs_is_computed_again(split: str) -> None:
    for size in ("1B", "3B"):
        full, oracle = sample(size, f"full/evals_{split}"), sample(size, SPLITS[split])
        assert forget_quality(full, oracle) == full.reported["forget_quality"]
        for log in (full, oracle):
            assert model_utility(log) == pytest.approx(log.reported["model_utility"], abs=1e-9)
            for task, name in zip((FORGET, *UTILITY_TASKS), ("forget_truth_ratio", "retain_Truth_Ratio", "ra_Truth_Ratio", "wf_Truth_Ratio"), strict=True):  # fmt: skip
                score = truth_ratio_score(log.task(task), forget=task == FORGET)
                assert score == pytest.approx(log.reported[name], abs=1e-14)


def task(true: float, wrong: float) -> TaskLog:
    return TaskLog(true=np.array([true]), wrong=np.array([[wrong, wrong]]), recall=np.array([0.5]))


def test_by_hand() -> None:
    assert item_truth_ratios(task(1.0, 2.0))[0] == pytest.approx(math.exp(-1))
    assert truth_ratio_score(task(1.0, 2.0), forget=False) == pytest.approx(1 - math.exp(-1))
    assert truth_ratio_score(task(2.0, 1.0), forget=True) == pytest.approx(math.exp(-1))
    # Probability e^-1 on retain, 1/(1 + 2/e) among three options elsewhere; ROUGE 0.5; ratio 1 - 1/e; harmonic mean of nine.
    parts = [math.exp(-1), 0.5, 1 - math.exp(-1), *([1 / (1 + 2 / math.e), 0.5, 1 - math.exp(-1)] * 2)]
    log = ModelLog(dict.fromkeys(UTILITY_TASKS, task(1.0, 2.0)))
    assert has_utility(log) and model_utility(log) == pytest.approx(9 / sum(1 / x for x in parts))


def test_items_left_out_are_left_out_of_every_mean() -> None:
    """One item of two is there: the numbers are its own; with none, one line says so."""
    gap = TaskLog(np.array([1.0, math.nan]), np.array([[2.0, 2.0], [math.nan] * 2]), recall=np.array([0.5, math.nan]))
    assert item_truth_ratios(gap).tolist() == item_truth_ratios(task(1.0, 2.0)).tolist()
    assert answer_probability("retain", gap) == pytest.approx(math.exp(-1))
    whole, part = (ModelLog(dict.fromkeys(UTILITY_TASKS, t)) for t in (task(1.0, 2.0), gap))
    assert model_utility(part) == model_utility(whole)
    with pytest.raises(ArgumentError, match="at least one item"):
        item_truth_ratios(task(math.nan, 1.0))
