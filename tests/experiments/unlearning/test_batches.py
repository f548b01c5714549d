"""Which items a step sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.config import LoopSettings
from experiments.methods import make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import pick
from experiments.unlearning.loop import Task, run_loop
from mari_theory import ArgumentError


def test_matching_needs_something_to_match_with(tokenizer, corpus) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    unnamed = tuple(replace(i, prompt=f"{i.kind} ?") for i in corpus.forget)
    with pytest.raises(ArgumentError, match="name their owner"):
        task = Task(model, tokenizer, replace(corpus, forget=unnamed), corpus.retain, make_method("mari-matched"))
        run_loop(task, LoopSettings())
    with pytest.raises(ArgumentError, match="never-seen items"):
        method = make_method("mari-matched", source="holdout")
        run_loop(Task(model, tokenizer, replace(corpus, holdout=()), corpus.retain, method), LoopSettings())


def test_pairing_is_a_pure_function_and_covers_every_item_each_epoch() -> None:
    assert pick(0, 1, 5, 3, 7) == pick(0, 1, 5, 3, 7)
    assert pick(0, 1, 5, 3, 7) != pick(1, 1, 5, 3, 7)
    seen = [i for step in range(7) for i in pick(0, 1, step, 3, 7)]
    assert all(sorted(seen[e : e + 7]) == list(range(7)) for e in range(0, 21, 7))
