"""Matched-reference MarI: losses by hand, sources of the reference, T12."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import encode
from experiments.data.items import Corpus, Item
from experiments.methods import make_method
from experiments.methods.base import Batch
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from tests.experiments.methods.fixed import Fixed


def test_matched_losses_by_hand(tokenizer: Any) -> None:
    """Three pairs whose log-probabilities differ by d, -d and d, over two tokens each: d^2 for each pair, their mean's
    square bent at 0.05."""
    items = [Item(x, "oslo", "r") for x in ("lima", "kyoto")]
    own, twins = encode(tokenizer, [items[k] for k in (0, 1, 0)]), encode(tokenizer, [items[k] for k in (1, 0, 1)])
    rows = torch.randn(len(tokenizer), len(tokenizer), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    batch = Batch(lambda: own, lambda: own, lambda: own, lambda: twins, lambda: own)
    value, parts = make_method("mari-matched", penalty=0.0, match_loss=2.0, match_mean=5.0).loss(Fixed(rows), batch)
    logs = torch.log_softmax(rows, -1)
    word = tokenizer.convert_tokens_to_ids("oslo")
    first, second = (int(i) for i in own.input_ids[:2, 0])
    gap = 0.5 * float(logs[first, word] - logs[second, word])
    assert parts["matched_loss"] == pytest.approx(gap**2)
    assert abs(gap / 3) > 0.05
    shift = 0.05 * (2 * abs(gap / 3) - 0.05)
    assert parts["matched_mean"] == pytest.approx(shift)
    assert float(value.detach()) == pytest.approx(parts["preserve_loss"] + 2.0 * gap**2 + 5.0 * shift)


def test_matched_information_is_zero_for_a_model_that_ignores_the_subject(tokenizer: Any, corpus: Corpus) -> None:
    model = Fixed(torch.zeros(len(tokenizer), len(tokenizer)))
    batch = make_batch(
        tokenizer, corpus, corpus.retain, LoopSettings(batch_retain=2, batch_forget=2, batch_background=0), 0
    )
    for per in ("prompt", "kind"):
        _, parts = make_method("mari-matched", per=per).loss(model, batch)
        assert parts["marginal_information"] == pytest.approx(0.0, abs=1e-9)


def test_sources_of_the_matched_reference(tokenizer: Any, corpus: Corpus, settings: LoopSettings) -> None:
    model, base = (tiny_model(len(tokenizer), 8, 1, 1, seed=s) for s in (0, 1))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    own = make_method("mari-matched", source="base").loss(model, batch, model)[1]["marginal_information"]
    other = make_method("mari-matched", source="base").loss(model, batch, base)[1]["marginal_information"]
    assert own == pytest.approx(0.0, abs=1e-9) and other > 1e-5
    items = make_batch(tokenizer, corpus, corpus.retain, settings, 0, source="holdout")
    rng = np.random.default_rng(0)
    asked = [corpus.never_seen(i, rng) for i in corpus.forget]
    assert all(a in corpus.holdout and a.kind == i.kind for a, i in zip(asked, corpus.forget, strict=True))
    made = make_method("mari-matched", source="holdout", per="kind").loss(model, items)[1]["marginal_information"]
    assert 0 <= made < math.log(2)


def test_a_small_share_contracts_the_matched_information(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings
) -> None:
    """T12: mixing by rho leaves at most rho of the divergence."""
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    with torch.no_grad():
        model.lm_head.weight.mul_(40)
    values = {}
    for share in (1.0, 0.25):
        batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
        values[share] = make_method("mari-matched", share=share).loss(model, batch)[1]["marginal_information"]
    assert 0 < values[0.25] <= 0.25 * values[1.0]
