"""The tiny decoder and its word-level tokenizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from experiments.data.generated import generate, vocabulary
from experiments.models.load import weight_hash
from experiments.models.tiny import tiny_model, tiny_tokenizer


def test_the_tokenizer_knows_every_word(tokenizer: Any, rng: np.random.Generator) -> None:
    corpus = generate(2, 2, 2, sentences=True)
    words = set(vocabulary(corpus))
    for item in [*corpus.forget, *corpus.background(rng, 200)]:
        assert set(f"{item.prompt} {item.answer}".split()) <= words
    plain = generate(2, 2, 2)
    assert tokenizer.unk_token_id not in tokenizer([i.prompt for i in plain.background(rng, 50)])["input_ids"][0]


def test_the_vocabulary_is_that_of_all_authors_and_small_ids_are_special(tokenizer: Any) -> None:
    assert tokenizer.convert_ids_to_tokens([0, 1, 2]) == ["<pad>", "<end>", "<unk>"]
    assert tokenizer.get_vocab() == tiny_tokenizer(generate(5, 1, 1, seed=9)).get_vocab()


def test_weights_are_those_of_the_seed_alone() -> None:
    torch.manual_seed(7)
    first = tiny_model(30, 8, 2, 2, seed=3)
    torch.rand(5)
    assert weight_hash(first) == weight_hash(tiny_model(30, 8, 2, 2, seed=3)) != weight_hash(tiny_model(30, 8, 2, 2))
    # Embedding and head apart; a block is 4 width^2 + 3 * 2 width^2 and two norms, then the last norm.
    assert sum(p.numel() for p in first.parameters()) == 2 * 30 * 8 + 2 * (10 * 64 + 2 * 8) + 8
    assert not torch.equal(first.get_input_embeddings().weight, first.get_output_embeddings().weight)
