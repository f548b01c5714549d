"""NPO, SimNPO and DPO by hand, and where NPO goes as beta falls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import answer_log_probs, token_log_probs
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.preference import npo_loss
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch


def test_npo_simnpo_and_dpo_by_hand(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    # At the reference every log-ratio is 0: NPO = (2/beta) ln 2, DPO the same.
    for name, part in (("npo", "npo"), ("idk-dpo", "dpo")):
        _, parts = make_method(name, beta=0.5).loss(model, batch, model)
        assert parts[part] == pytest.approx(4 * math.log(2), rel=1e-9)
    x = torch.tensor([-2.0, 1.0], dtype=torch.float64)
    assert float(npo_loss(x, 0.5)) == pytest.approx(4 * np.mean(np.log1p(np.exp([-1.0, 0.5]))), rel=1e-9)
    with torch.no_grad():
        table = answer_log_probs(model, batch.forget)
        mean = (token_log_probs(table, batch.forget).sum(1) / batch.forget.answer_mask.sum(1)).numpy()
    _, parts = make_method("simnpo", beta=2.0, delta=0.1).loss(model, batch)
    assert parts["simnpo"] == pytest.approx(np.mean(np.log1p(np.exp(2 * mean + 0.1))), rel=1e-9)


def test_npo_tends_to_gradient_ascent(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    """T23: as beta -> 0 the gradient is that of the answers' log-likelihood."""
    model, reference = (tiny_model(len(tokenizer), 8, 1, 1, seed=s).double() for s in (0, 1))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    likelihood = token_log_probs(answer_log_probs(model, batch.forget), batch.forget).sum(1).mean()
    (wanted,) = torch.autograd.grad(likelihood, [model.lm_head.weight])
    new = token_log_probs(answer_log_probs(model, batch.forget), batch.forget).sum(1)
    old = token_log_probs(answer_log_probs(reference, batch.forget), batch.forget).sum(1).detach()
    (found,) = torch.autograd.grad(npo_loss(new - old, 1e-6), [model.lm_head.weight])
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-10)
