"""Evaluation logs in files: found in folders, named after their models, refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.interop.evaluation_logs import read_log
from experiments.measures.model_log import TASKS
from mari_theory import ArgumentError
from mari_theory.certificates.digests import sha256
from tests.experiments.interop.logs import NEEDS_LOGS, losses, metrics, sample, write


def test_a_folder_or_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "model" / "evals_forget01" / "TOFU_EVAL.json", metrics(losses(1, 4)))
    by_folder, by_file = read_log(path.parent), read_log(path)
    assert by_folder.name == by_file.name == "model/evals_forget01" and by_file.sha256 == sha256(path)
    assert read_log(write(tmp_path / "model" / "TOFU_EVAL.json", metrics(losses(1, 4)))).name == "model"
    legacy = write(tmp_path / "b.json", {file: by_file.task("forget").legacy() for file in TASKS.values()})
    assert read_log(legacy).name == "b" and set(read_log(legacy).tasks) == set(TASKS)


@NEEDS_LOGS
def test_a_sample_has_every_task() -> None:
    log = sample("1B", "retain95")
    assert [len(log.task(t).true) for t in TASKS] == [200, 400, 100, 117]
    assert [log.task(t).wrong.shape[1] for t in TASKS] == [5, 5, 3, 3]
    assert log.name == "tofu_Llama-3.2-1B-Instruct_retain95"


def test_bad_files_are_named(tmp_path: Path) -> None:
    for name, text, words in (
        ("half.json", '{"eval_log.json": ', "readable JSON"),
        ("list.json", "[]", "a JSON object"),
        ("other.json", json.dumps({"eval_log.json": {}}), "the tasks"),
        ("summary.json", json.dumps({"forget_quality": 0.1}), "the tasks"),
        ("nan.json", '{"a": {"agg_value": NaN}}', "finite numbers"),
        ("twice.json", '{"a": {"agg_value": 1}, "a": {"agg_value": 1}}', "each key once"),
        ("short.json", json.dumps({t: {"avg_gt_loss": [1.0]} for t in TASKS.values()}), "average_perturb_loss"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ArgumentError, match=words) as e:
            read_log(tmp_path / name)
        assert name in str(e.value) and "\n" not in str(e.value)
    for missing in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(ArgumentError, match=r"^log: expected"):
            read_log(missing)
