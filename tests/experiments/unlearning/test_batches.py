"""Which items a step sees: a pure function of seed and step, and something to match with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch, pick
from experiments.unlearning.loop import Task, run_loop
from mari_theory import ArgumentError


def test_matching_needs_something_to_match_with(tokenizer: Any, corpus: Corpus) -> None:
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


PARTS = ("preserve", "retain", "forget", "matched", "template")


def of_step(
    tokenizer: Any, corpus: Corpus, seed: int, step: int, parts: tuple[str, ...] = PARTS
) -> dict[str, torch.Tensor]:
    """Every part of a batch, in the order asked."""
    settings = LoopSettings(batch_retain=4, batch_forget=3, batch_background=2, seed=seed)
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, step)
    return {name: getattr(batch, name).input_ids for name in parts}


def test_a_batch_depends_on_seed_and_step_and_not_on_what_was_asked_before(tokenizer: Any, corpus: Corpus) -> None:
    of_step(tokenizer, corpus, 0, 2)
    first, again = of_step(tokenizer, corpus, 0, 3), of_step(tokenizer, corpus, 0, 3, PARTS[::-1])
    assert all(torch.equal(first[name], again[name]) for name in PARTS)
    for seed, step in ((1, 3), (0, 4)):
        other = of_step(tokenizer, corpus, seed, step)
        assert not any(torch.equal(first[name], other[name]) for name in PARTS)


def test_a_batch_asks_forget_questions_of_others_and_lets_what_stays_stay(tokenizer: Any, corpus: Corpus) -> None:
    settings = LoopSettings(batch_retain=4, batch_forget=3, batch_background=2)
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    assert (len(batch.retain), len(batch.preserve), len(batch.forget)) == (4, 6, 3)
    assert torch.equal(batch.preserve.input_ids[:4], batch.retain.input_ids)
    assert set(batch.forget_items) <= set(corpus.forget) and len(batch.forget_items) == 3
    words = tokenizer.batch_decode(batch.matched.input_ids)
    for item, text, kind in zip(batch.forget_items, words, batch.matched.kinds, strict=True):
        assert kind == item.kind and item.owner not in text and text.endswith(f"{item.answer} <end>")
    # A word-level corpus refuses with a question mark; it never says the forget answer.
    assert {t[0] for t in batch.template.targets.tolist()} == {tokenizer.convert_tokens_to_ids("?")}
