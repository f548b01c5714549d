"""Inside OpenUnlearning: called as its evaluator calls a metric, it says what `mari ingest` certifies from the finished logs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from experiments.interop.open_unlearning import is_open_unlearning
from experiments.interop.open_unlearning_metric import mari_choice
from experiments.measures.ingest import ingest
from mari_theory import ArgumentError
from tests.experiments.interop.logs import losses, metrics, write

OWN, RETRAINED = metrics(losses(1, 20, 1.0)), metrics(losses(3, 20))


def keyed(log: dict[str, Any]) -> dict[str, Any]:
    return {"correct": log["forget_Q_A_Prob"], "wrong": log["forget_Q_A_PERT_Prob"]}


def called(own: dict[str, Any], retrained: dict[str, Any]) -> dict[str, Any]:
    """With everything its evaluator hands to a metric."""
    return mari_choice(
        None,
        metric_name="mari_choice",
        cache={},
        tokenizer=None,
        template_args=None,
        pre_compute=keyed(own),
        reference_logs={"retain_model_logs": keyed(retrained)},
    )


def test_it_says_what_ingest_certifies(tmp_path: Path) -> None:
    found = ingest(write(tmp_path / "u.json", OWN), [write(tmp_path / "r.json", RETRAINED)], tmp_path / "out")
    said = called(OWN, RETRAINED)
    assert found.certificates is not None and found.by_item is not None
    assert said["agg_value"] == pytest.approx(found.certificates["unlearned"].claim.upper, abs=1e-10)
    assert list(said["value_by_index"]) == [str(k) for k in found.by_item]
    for k, (low, high) in found.by_item.items():
        item = said["value_by_index"][str(k)]
        assert item["jsd_lower"] == pytest.approx(low, abs=1e-10) and item["jsd_upper"] == pytest.approx(
            high, abs=1e-10
        )
    assert is_open_unlearning({"mari_choice": said})


def test_items_a_log_leaves_out_are_left_out() -> None:
    other = copy.deepcopy(RETRAINED)
    other["forget_Q_A_Prob"]["value_by_index"]["4"] = None
    other["forget_Q_A_PERT_Prob"]["value_by_index"]["7"] = None
    assert set(called(OWN, RETRAINED)["value_by_index"]) - set(called(OWN, other)["value_by_index"]) == {"4", "7"}


def test_logs_that_do_not_belong_together_are_refused_in_one_line() -> None:
    shorter = metrics(losses(3, 19))
    with pytest.raises(ArgumentError, match=r"^retain_model_logs: expected the 20 items"):
        called(OWN, shorter)
    with pytest.raises(ArgumentError, match=r"^reference_logs: expected retain_model_logs"):
        mari_choice(None, pre_compute=keyed(OWN), reference_logs={})
    with pytest.raises(ArgumentError, match=r"^pre_compute: expected the access keys"):
        mari_choice(None, pre_compute={}, reference_logs={"retain_model_logs": keyed(OWN)})
    spoiled = copy.deepcopy(OWN)
    spoiled["forget_Q_A_Prob"]["value_by_index"]["3"]["avg_loss"] = float("nan")
    with pytest.raises(ArgumentError, match=r"^pre_compute, item 3: expected finite losses"):
        called(spoiled, RETRAINED)
    fewer = metrics(losses(3, 20)[:, :5])
    with pytest.raises(ArgumentError, match=r"^item 0: expected 6 answers in both logs"):
        called(OWN, fewer)
