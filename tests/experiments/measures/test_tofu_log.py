"""TOFU's evaluation log of a model here, by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.items import Corpus, Item
from experiments.interop.evaluation_logs import read_log
from experiments.measures.items import item_scores, perturbed_losses
from experiments.measures.model_log import FORGET, UTILITY_TASKS
from experiments.measures.tofu_log import evaluation_log, tofu_numbers
from experiments.measures.tofu_metrics import forget_quality
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def asked_of(corpus: Corpus) -> dict[str, tuple[Item, ...]]:
    """Four tasks from the toy: forget and retain with paraphrases, the others with three wrong answers."""
    said = tuple(Item(i.prompt, i.answer, i.owner, "", i.wrong[:5], i.wrong[5]) for i in corpus.retain)
    other = tuple(Item(i.prompt, i.answer, i.owner, "", i.wrong[:3]) for i in corpus.holdout[:6])
    return {FORGET: said[:4], **dict(zip(UTILITY_TASKS, (said[4:9], other[:3], other[3:]), strict=True))}


def test_the_log_of_a_model_by_hand(corpus: Corpus, tokenizer: Any, tmp_path: Path) -> None:
    model, tasks = tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval(), asked_of(corpus)
    log = evaluation_log(model, tokenizer, tasks, max_new=2, generated=2)
    first = tasks[FORGET][0]
    alone = [Item(first.prompt, a, first.owner) for a in (first.answer, first.paraphrase, *first.wrong)]
    losses = item_scores(model, tokenizer, alone).loss
    forget = log.task(FORGET)
    assert forget.paraphrased is not None and log.task(UTILITY_TASKS[1]).paraphrased is None
    assert [forget.true[0], forget.paraphrased[0]] == pytest.approx(losses[:2], abs=1e-6)
    assert np.allclose(forget.wrong[0], losses[2:], atol=1e-6)
    assert [len(task.recall) for task in log.tasks.values() if task.recall is not None] == [2, 2, 2, 2]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log.legacy()))
    assert read_log(path).legacy() == log.legacy()
    other = evaluation_log(tiny_model(len(tokenizer), 8, 1, 1, seed=1).eval(), tokenizer, tasks, generated=0)
    numbers = tofu_numbers(log, other)
    assert numbers["forget_quality"] == forget_quality(log, other) and numbers["questions"] == 4
    assert numbers["model_utility"] == 0.0  # an untrained model answers nothing
    assert tofu_numbers(other, log)["model_utility"] is None
    assert all(0 < p < 1 for p in numbers["probability"].values())


def test_a_task_without_questions_is_left_out(corpus: Corpus, tokenizer: Any) -> None:
    model, tasks = tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval(), asked_of(corpus)
    log = evaluation_log(model, tokenizer, tasks | {UTILITY_TASKS[0]: ()}, max_new=2, generated=1)
    assert UTILITY_TASKS[0] not in log.tasks and tofu_numbers(log, log)["model_utility"] is None
    assert math.isclose(tofu_numbers(log, log)["forget_quality"], 1.0)
    with pytest.raises(ArgumentError, match="wrong answers"):
        perturbed_losses(model, tokenizer, [Item("a", "b", "c")])
