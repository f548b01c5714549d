"""The tiny decoder and its word-level tokenizer."""

from __future__ import annotations

import numpy as np

from experiments.data.generated import generate, vocabulary


def test_the_tokenizer_knows_every_word(tokenizer, rng: np.random.Generator) -> None:
    corpus = generate(2, 2, 2, sentences=True)
    words = set(vocabulary(corpus))
    for item in [*corpus.forget, *corpus.background(rng, 200)]:
        assert set(f"{item.prompt} {item.answer}".split()) <= words
    plain = generate(2, 2, 2)
    assert tokenizer.unk_token_id not in tokenizer([i.prompt for i in plain.background(rng, 50)])["input_ids"][0]
