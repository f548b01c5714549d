"""Gradient ascent and its relatives, each as another of them or by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch


def test_weighted_ascent_without_weights_is_grad_diff(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    weighted, difference = (
        float(m.loss(model, batch)[0].detach())
        for m in (make_method("weighted-gradient-ascent", alpha=0.0, gamma=0.3), make_method("grad-diff", gamma=0.3))
    )
    assert weighted == pytest.approx(difference, rel=1e-12)


def test_grad_diff_is_keep_minus_gamma_forget(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    with torch.no_grad():
        keep = make_method("retain-only").loss(model, batch)[0]
        forget = -make_method("gradient-ascent").loss(model, batch)[0]
        both = make_method("grad-diff", gamma=0.3).loss(model, batch)[0]
    assert float(both) == pytest.approx(float(keep - 0.3 * forget), rel=1e-6)
