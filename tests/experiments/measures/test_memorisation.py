"""Memorisation, privacy leakage and general utility of models whose behaviour is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from experiments.data.items import Corpus, Item
from experiments.measures.memorisation import (
    completed_share,
    extraction_strength,
    general_utility,
    knowledge_memorisation,
    privacy_leakage,
    verbatim_memorisation,
)
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_memorised_answers_come_out(learnt: Any, corpus: Corpus, tokenizer: Any) -> None:
    assert knowledge_memorisation(learnt, tokenizer, corpus.forget, 2).tolist() == [1.0] * len(corpus.forget)
    assert extraction_strength(learnt, tokenizer, corpus.forget).tolist() == [1.0] * len(corpus.forget)
    texts = [f"{i.prompt} {i.answer}" for i in corpus.forget]
    prefix = len(tokenizer(texts[0])["input_ids"]) - 1
    assert verbatim_memorisation(learnt, tokenizer, texts, prefix, 1).tolist() == [1.0] * len(texts)
    wrong = [Item(i.prompt, i.wrong[0], i.owner, i.kind) for i in corpus.forget]
    # The end token alone is completed: one of two tokens.
    assert extraction_strength(learnt, tokenizer, wrong).max() <= 0.5
    with pytest.raises(ArgumentError, match="more than 50 tokens"):
        verbatim_memorisation(learnt, tokenizer, texts, 50, 1)


def test_extraction_strength_can_be_zero() -> None:
    cases = [([True] * 3, 1.0), ([False, True, True], 2 / 3), ([True, True, False], 0.0), ([False], 0.0)]
    assert [completed_share(np.array(r)) for r, _ in cases] == [v for _, v in cases]


def test_privacy_leakage_by_hand() -> None:
    assert privacy_leakage(0.75, 0.5) == 50.0 and privacy_leakage(0.4, 0.4) == 0.0
    with pytest.raises(ArgumentError, match="oracle_auc"):
        privacy_leakage(0.5, 0.0)


def test_general_utility_of_a_uniform_model(tokenizer: Any, corpus: Corpus) -> None:
    model = tiny_model(len(tokenizer), 16, 1, 2, 0)
    with torch.no_grad():
        model.lm_head.weight.zero_()
    text = " ".join(i.prompt for i in corpus.retain)
    made = general_utility(model, tokenizer, [text], 16)
    count = len(tokenizer(text)["input_ids"])
    assert made.perplexity == pytest.approx(len(tokenizer), rel=1e-5)
    assert made.tokens == count - -(-count // 16)  # the first token of each window is given
    with pytest.raises(ArgumentError, match="two tokens"):
        general_utility(model, tokenizer, ["bara"])
