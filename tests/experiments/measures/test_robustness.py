"""Rounding and relearning, on a model that remembers and on one that does not."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.data.items import Corpus
from experiments.measures.robustness import Relearning, quantised, relearning_attack, round_weights, survival
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_rounding_to_bits() -> None:
    weight = torch.randn(5, 100, generator=torch.Generator().manual_seed(0))
    for bits in (2, 4, 8):
        rounded = round_weights(weight, bits, 32)
        for part, old in zip(rounded.split(32, 1), weight.split(32, 1), strict=True):
            step = old.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
            assert bool(((part - old).abs() <= step / 2 + 1e-7).all())
            assert all(len(torch.unique(row)) <= 2**bits - 1 for row in part)
    with pytest.raises(ArgumentError, match="bits"):
        quantised(tiny_model(20, 16, 1, 2, 0), 1)


def test_survival_of_a_model_that_remembers_and_relearning_of_one_that_does_not(
    learnt: Any, corpus: Corpus, tokenizer: Any
) -> None:
    before = {n: p.clone() for n, p in learnt.named_parameters()}
    made = survival(learnt, tokenizer, corpus, corpus.holdout)
    assert list(made) == ["8-bit", "4-bit", "relearned"]
    assert made["8-bit"]["forget"] > 0.9 and made["8-bit"]["auc"] > 0.95
    assert all(torch.equal(p, before[n]) for n, p in learnt.named_parameters())
    blank = tiny_model(len(tokenizer), 48, 2, 2, 1)
    attack = relearning_attack(blank, tokenizer, corpus, Relearning(0.5, steps=15, lr=5e-3))
    assert {i.owner for i in attack.hidden} < {i.owner for i in corpus.forget} and attack.after > attack.before
    with pytest.raises(ArgumentError, match="share"):
        relearning_attack(blank, tokenizer, corpus, Relearning(1.0))
