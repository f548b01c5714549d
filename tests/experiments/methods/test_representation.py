"""RMU: what it steers and what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.representation import first_trained
from experiments.models.adapters import with_adapter
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


def test_rmu_reads_a_state_that_training_can_change(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    """Of four blocks the last is trained: the middle one would leave nothing to train."""
    model, original = (with_adapter(tiny_model(len(tokenizer), 8, 4, 1, seed=0), 0, 0, 1) for _ in range(2))
    assert first_trained(model.get_decoder()) == 4 and first_trained(tiny_model(9, 8, 2, 1).get_decoder()) == 0
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    loss, _ = make_method("rmu").loss(model, batch, original)
    loss.backward()
    own = [p for p in model.parameters() if p.requires_grad]
    assert all(p.grad is not None for p in own) and any(float(p.grad.norm()) > 0 for p in own)
    with pytest.raises(ArgumentError, match="a trained block, 4 to 4"):
        make_method("rmu", layer=2).loss(model, batch, original)
