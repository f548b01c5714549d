"""A sequence of requests: each round sees its own, the model given stays as it was, and T13 holds of the rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.enumeration import enumerate_divergence
from experiments.methods import make_method
from experiments.models.banks import HeldModels
from experiments.models.tiny import tiny_model
from experiments.unlearning.reason import Reason
from experiments.unlearning.rounds import split_requests, unlearn_rounds
from mari_theory import ArgumentError, rounds_bound


@pytest.mark.parametrize("name", ["grad-diff", "npo"])
def test_rounds(corpus: Corpus, tokenizer: Any, name: str) -> None:
    model = tiny_model(len(tokenizer), 16, 1, 2, 0)
    before = {n: p.clone() for n, p in model.named_parameters()}
    requests = split_requests(corpus, 2)
    assert sorted(i.prompt for r in requests for i in r) == sorted(i.prompt for i in corpus.forget)
    settings = LoopSettings(steps=4, lr=1e-2, batch_retain=4, batch_forget=4, batch_background=4)
    models, results = unlearn_rounds(model, tokenizer, corpus, requests, make_method(name, gamma=1.0), settings)
    assert len(models) == len(results) == 2 and all(r.steps == 4 for r in results)
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    bank = HeldModels(tokenizer, {"0": model, "1": models[0], "2": models[1]})
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget])

    def between(a: str, b: str) -> float:
        return float(np.mean(enumerate_divergence(bank, [a], [b], prompts)))

    assert 0 < between("0", "2") <= rounds_bound([between("0", "1"), between("1", "2")])


def test_rounds_need_no_holdout(corpus: Corpus, tokenizer: Any) -> None:
    alone = replace(corpus, holdout=())
    settings = LoopSettings(steps=1, batch_retain=4, batch_forget=4, batch_background=4)
    requests = split_requests(alone, 2)
    model = tiny_model(len(tokenizer), 16, 1, 2, 0)
    assert len(unlearn_rounds(model, tokenizer, alone, requests, make_method("retain-only"), settings)[0]) == 2


def test_bad_requests(corpus: Corpus, tokenizer: Any) -> None:
    model, method = tiny_model(len(tokenizer), 16, 1, 2, 0), make_method("retain-only")
    with pytest.raises(ArgumentError, match="at least one"):
        unlearn_rounds(model, tokenizer, corpus, [], method, LoopSettings())
    with pytest.raises(ArgumentError, match="each owner in one request"):
        unlearn_rounds(model, tokenizer, corpus, [corpus.forget, corpus.forget], method, LoopSettings())
    with pytest.raises(ArgumentError, match="rounds"):
        split_requests(corpus, 3)


def test_accuracy_lost_in_one_round_ends_the_next_before_it_begins(
    corpus: Corpus, tokenizer: Any, schooled: Any
) -> None:
    settings = LoopSettings(
        steps=100,
        lr=0.02,
        batch_retain=4,
        batch_forget=4,
        batch_background=4,
        evaluate_every=2,
        stop_accuracy_drop=0.03,
    )
    requests = split_requests(corpus, 2)
    models, results = unlearn_rounds(schooled, tokenizer, corpus, requests, make_method("gradient-ascent"), settings)
    assert 0 < results[0].steps < 100 and results[1].steps == 0
    assert all(r.stopped is Reason.HOLDOUT_ACCURACY for r in results)
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))
