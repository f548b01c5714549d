"""Running text: some held out, the rest in pieces that a corpus gives as background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.data.items import Corpus
from experiments.data.running_text import HELD_OUT, WORDS, held_out_texts, running_items
from mari_theory import ArgumentError


def test_what_is_held_out_is_not_trained_on() -> None:
    held, pieces = held_out_texts(), running_items(100)
    assert len(held) == HELD_OUT and len(held_out_texts(3)) == 3 and min(map(len, held)) > 400
    flat = [" ".join(text.split()) for text in held]
    assert not [p for p in pieces if any(f"{p.prompt} {p.answer}" in text for text in flat)]
    assert {len(p.prompt.split()) for p in pieces} == {len(p.answer.split()) for p in pieces} == {WORDS}
    assert len({p.owner for p in pieces}) == 100 and running_items(0) == ()
    with pytest.raises(ArgumentError, match="running_text"):
        running_items(10**6)


def test_a_corpus_with_running_text_has_a_background(corpus: Corpus) -> None:
    plain = Corpus("files", corpus.forget, corpus.retain, corpus.holdout)
    told = replace(plain, running=running_items(5))
    assert plain.background(np.random.default_rng(0), 3) == []
    drawn = told.background(np.random.default_rng(0), 50)
    assert len(drawn) == 50 and set(drawn) == set(told.running)
