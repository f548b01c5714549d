"""OpenUnlearning's logs: items by number, gaps by design, faults in one line."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from experiments.interop.open_unlearning import is_open_unlearning, parse_open_unlearning
from mari_theory import ArgumentError
from tests.experiments.interop.logs import losses, metrics


def test_items_are_sorted_as_numbers() -> None:
    """Keys are strings in any order: item 10 comes after item 9, not after item 1."""
    table = losses(1, 12)
    log = metrics(table)
    shuffled: dict[str, Any] = {}
    for name, metric in log.items():
        rows = list(metric["value_by_index"].items())
        shuffled[name] = metric | {"value_by_index": dict(rows[::-1])}
    task = parse_open_unlearning(shuffled).task("forget")
    assert np.array_equal(np.column_stack([task.true, task.wrong]), table)
    assert task.answers == tuple(f"answer {k}" for k in range(12)) and task.paraphrased is None
    assert task.recall is not None and task.recall.tolist() == [0.5] * 12


def test_what_is_null_is_left_out() -> None:
    log = metrics(losses(1, 4))
    log["forget_Q_A_Prob"]["value_by_index"]["2"] = {"avg_loss": None}
    log["forget_Q_A_PERT_Prob"]["value_by_index"]["3"] = None
    task = parse_open_unlearning(log).task("forget")
    assert np.isnan(task.true).tolist() == [False, False, True, False]
    assert np.isnan(task.wrong).all(axis=1).tolist() == [False, False, False, True] and task.wrong.shape == (4, 5)


def test_a_log_of_muse_is_what_it_reports() -> None:
    muse = {
        "forget_knowmem_ROUGE": {"agg_value": 0.33, "value_by_index": {"0": {"rougeL_f1": 0.1}}},
        "mia_loss": {"forget": {}, "holdout": {}, "auc": 0.53, "agg_value": 0.53},
        "forget_quality": {"agg_value": None},
    }
    assert is_open_unlearning(muse) and not is_open_unlearning({"mia_loss": 0.5})
    log = parse_open_unlearning(muse)
    assert log.reported == {"forget_knowmem_ROUGE": 0.33, "mia_loss": 0.53} and not log.tasks
    with pytest.raises(ArgumentError, match="the task 'forget'"):
        log.task("forget")


BREAKS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "an item missing": (lambda m: m["value_by_index"].pop("1"), "the items 0 to 2, each once"),
    "an item named otherwise": (lambda m: m["value_by_index"].update(x={"avg_loss": 1.0}), "the items 0 to 4"),
    "one item twice": (lambda m: m["value_by_index"].update({"01": {"avg_loss": 1.0}}), "each once"),
    "no items": (lambda m: m.pop("value_by_index"), "value_by_index"),
    "another reading": (lambda m: m["value_by_index"].update({"1": {"prob": 1.0}}), "avg_loss in every item"),
    "NaN": (lambda m: m["value_by_index"]["1"].update(avg_loss=math.nan), "finite numbers"),
    "words": (lambda m: m["value_by_index"]["1"].update(avg_loss="low"), "numbers"),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_fault_is_named(fault: str) -> None:
    log = copy.deepcopy(metrics(losses(1, 4)))
    damage, words = BREAKS[fault]
    damage(log["forget_Q_A_Prob"])
    with pytest.raises(ArgumentError, match=words) as e:
        parse_open_unlearning(log)
    assert "forget_Q_A_Prob" in str(e.value) and "\n" not in str(e.value)
