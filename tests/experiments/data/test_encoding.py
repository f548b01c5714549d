"""Items to tensors: answers aligned, twins compared word by word, what does not fit refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.data.encoding import (
    answer_log_probs,
    batch_size,
    batches_of,
    encode,
    encode_twins,
    many_prompt_ids,
    require_fit,
    require_known_words,
)
from experiments.data.items import Corpus, Item
from experiments.models.load import load_model
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_answers_of_different_lengths_are_aligned(tokenizer: Any) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    short, long = Item("birth city : a b c ?", "oslo", "x"), Item("main genre : baker b c d e ?", "oslo lima", "y")
    together = answer_log_probs(model, encode(tokenizer, [short, long]))
    alone = answer_log_probs(model, encode(tokenizer, [short]))
    assert torch.allclose(together[0, :2], alone[0], atol=1e-5)


def test_twins_of_real_names_are_renamed_throughout_and_aligned(tokenizer: Any, rng: np.random.Generator) -> None:
    """Where the answer names its subject the twin does too; only the words both share are compared."""
    item = Item("Where was Ada King born?", "oslo lima Ada King kyoto King .", "author 1")
    corpus = Corpus("own", (item,), (), (), subject={"author 1": "Ada King"})
    twin = corpus.matched(item, rng)
    first, *_, last = twin.owner.split()
    assert twin.prompt == f"Where was {twin.owner} born?"
    assert twin.answer == f"oslo lima {twin.owner} kyoto {last} ." and first != "Ada"
    own, other = encode(tokenizer, [item], 6), encode_twins(tokenizer, [item], [twin], 6)
    words = tokenizer.convert_ids_to_tokens
    # Both names are unknown words here, two of them against three: the extra one is left out, the rest is in place.
    for j in range(6):
        if bool(other.answer_mask[0, j]):
            place = int(other.slots[0, j]) + 1
            assert int(other.input_ids[0, place]) == int(own.targets[0, j])
    shared = [words(int(t)) for t, m in zip(own.targets[0], other.answer_mask[0], strict=True) if m]
    assert shared[:2] == ["oslo", "lima"] and "kyoto" in shared


def test_what_does_not_fit_the_model_is_refused(models: Path, corpus: Corpus, tokenizer: Any) -> None:
    model = load_model(models / "a")
    long = [type(corpus.forget[0])("birth city : " + "bara " * 80 + "?", "oslo", "x")]
    with pytest.raises(ArgumentError, match="within 64 tokens"):
        require_fit(model, tokenizer, long, 8)
    model.resize_token_embeddings(10)
    with pytest.raises(ArgumentError, match="at most the model's 10 tokens"):
        require_fit(model, tokenizer, corpus.forget, 8)


def test_what_is_generated_needs_room_as_well_as_the_answer(tokenizer: Any, corpus: Corpus) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)  # 64 places
    longest = max(len(x) for x in many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget]))
    require_fit(model, tokenizer, corpus.forget, 8, 64 - longest)
    with pytest.raises(ArgumentError, match=r"^prompt: expected prompt and answer within 64 tokens, got 65"):
        require_fit(model, tokenizer, corpus.forget, 8, 65 - longest)


def test_words_that_the_tokenizer_does_not_know_are_refused_in_one_line(
    models: Path, corpus: Corpus, tokenizer: Any
) -> None:
    """The user's own text with the toy's tokenizer: every word would become <unk>, and the audit would measure nothing."""
    require_known_words(tokenizer, [*corpus.forget, *corpus.holdout])
    own = [Item("Where was Ada Alder born?", "Hanoi.", "Ada")]
    with pytest.raises(ArgumentError, match=r"6 of 6 tokens unknown: Where, was, Ada$") as error:
        require_fit(load_model(models / "a"), tokenizer, own, 8)
    assert "\n" not in str(error.value) and "words of this model's tokenizer" in str(error.value)
    tokenizer_without = type("T", (), {"unk_token_id": None, "eos_token_id": 1})()
    require_known_words(tokenizer_without, own)


def test_a_batch_is_as_large_as_asked_within(tokenizer: Any) -> None:
    usual = batch_size(tokenizer)
    with batches_of(3):
        assert batch_size(tokenizer) == 3
    with batches_of(None):
        assert batch_size(tokenizer) == usual
    with pytest.raises(ArgumentError, match="--batch"), batches_of(0):
        pass
