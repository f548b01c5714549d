"""RMU: what it steers and what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import ArgumentError


def test_rmu_steers_and_holds(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    model = tiny_model(len(tokenizer), 8, 2, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    method = make_method("rmu", coefficient=2.0)
    loss, parts = method.loss(model, batch, model)
    assert parts["drift"] == 0.0 and float(loss.detach()) == pytest.approx(parts["steer"])
    with pytest.raises(ArgumentError, match="layer"):
        make_method("rmu", layer=9).loss(model, batch, model)
