"""The log of one model: columns that fit each other, and as TOFU's authors write it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from experiments.measures.model_log import ModelLog, TaskLog, as_numbers
from mari_theory import ArgumentError


def test_numbers_are_finite_or_left_out() -> None:
    assert as_numbers([1, 2.5], "x").tolist() == [1.0, 2.5]
    assert np.isnan(as_numbers([[1.0, None]], "x", axes=2)).tolist() == [[False, True]]
    bad: list[Any] = [[], [math.nan], [math.inf], ["1"], [True], [[1.0], [1.0, 2.0]], [[1.0]], "12"]
    for values in bad:
        with pytest.raises(ArgumentError, match=r"^x: expected"):
            as_numbers(values, "x")


def test_columns_have_as_many_items() -> None:
    one, two, wrong = np.ones(1), np.ones(2), np.ones((2, 5))
    for columns in (
        {"true": np.ones(0), "wrong": np.ones((0, 5))},
        {"true": one, "wrong": wrong},
        {"true": two, "wrong": two},
        {"true": two, "wrong": wrong, "paraphrased": one},
        {"true": two, "wrong": wrong, "answers": ("a",)},
    ):
        with pytest.raises(ArgumentError):
            TaskLog(**columns)
    task = TaskLog(true=two, wrong=wrong, recall=one)
    assert ModelLog({"forget": task}).legacy() == {
        "eval_log_forget.json": {"avg_gt_loss": [1, 1], "average_perturb_loss": [[1] * 5] * 2, "rougeL_recall": [1]}
    }
