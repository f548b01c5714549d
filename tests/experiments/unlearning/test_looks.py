"""What is logged along a run, and the rules that end it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.base import Batch, Loss, Method
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, run_loop
from experiments.unlearning.reason import Reason


def test_the_log_has_the_means_of_the_parts_since_the_last_look(corpus: Corpus, tokenizer: Any) -> None:
    model, seen = tiny_model(len(tokenizer), 8, 1, 1, seed=0), []
    method = make_method("mari-pooled")
    real = type(method).loss

    class Spy(Method):
        def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
            loss, parts = real(method, model, batch, reference)
            seen.append(parts)
            return loss, parts

    settings = LoopSettings(steps=5, batch_retain=4, batch_forget=3, batch_background=2, evaluate_every=3)
    history = run_loop(Task(model, tokenizer, corpus, corpus.retain, Spy()), settings).history
    assert [h["step"] for h in history] == [0.0, 3.0, 5.0] and "batch_floor" not in history[0]
    for row, part in ((history[1], seen[:3]), (history[2], seen[3:])):
        for k in ("floor", "marginal_information", "preserve_loss"):
            assert row[f"batch_{k}"] == pytest.approx(sum(p[k] for p in part) / len(part))


def test_stopping_when_forget_answers_are_as_surprising_as_unseen_ones(corpus: Corpus, tokenizer: Any) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    settings = LoopSettings(
        steps=200, lr=0.05, batch_retain=2, batch_forget=12, batch_background=2, evaluate_every=2, stop_at_holdout=True
    )
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, make_method("gradient-ascent")), settings)
    assert result.steps < 200 and result.stopped is Reason.FORGET_LOSS
    assert result.history[-1]["forget_loss"] >= result.history[-1]["holdout_loss"]


@pytest.mark.parametrize("start", [None, 1.0])
def test_stopping_when_accuracy_on_never_seen_answers_has_fallen(
    corpus: Corpus, tokenizer: Any, schooled: Any, start: float | None
) -> None:
    model = copy.deepcopy(schooled)
    settings = LoopSettings(
        steps=200,
        lr=0.02,
        batch_retain=2,
        batch_forget=12,
        batch_background=2,
        evaluate_every=2,
        stop_accuracy_drop=0.03,
        accuracy_start=start,
    )
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, make_method("gradient-ascent")), settings)
    seen = [row["holdout_accuracy"] for row in result.history]
    first = seen[0] if start is None else start
    assert result.stopped is Reason.HOLDOUT_ACCURACY and seen[-1] < 0.97 * first
    assert all(x >= 0.97 * first for x in seen[:-1])
    assert (result.steps == 0) == (start is not None)
