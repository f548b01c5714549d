"""JensUn and UNDIAL: the divergence in closed form, the original distilled into itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import answer_log_probs
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.distillation import one_hot_jsd
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import jensen_shannon


def test_one_hot_jsd_is_the_divergence(tokenizer: Any) -> None:
    q = torch.tensor([0.0, 1e-6, 0.3, 1.0], dtype=torch.float64)
    law = torch.stack([q, 1 - q], dim=1)
    sure = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(4, 2)
    assert torch.allclose(one_hot_jsd(q), jensen_shannon(law, sure), atol=1e-12)


def test_jensun_pulls_every_place_of_the_true_answer_to_the_refusal_in_turn(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings
) -> None:
    """As released: places 0, 1, 2, 3 of the true answer are pulled to refusal tokens 0, 1, 0, 1."""
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    forget = tuple(replace(i, answer="oslo lima oslo") for i in corpus.forget)
    told = replace(corpus, forget=forget, templates=("paris rome",))
    batch = make_batch(tokenizer, told, told.retain, settings, 0)
    objective = make_method("jensun", gamma=0.7, alpha=0.0).begin(model, tokenizer, told, 0)
    loss, parts = objective.loss(model, batch, model, 0)
    refusal = [tokenizer.convert_tokens_to_ids(w) for w in ("paris", "rome")]
    with torch.no_grad():
        law = answer_log_probs(model, batch.forget).exp()
    wanted = torch.stack([one_hot_jsd(law[:, j, refusal[j % 2]]) for j in range(4)]).mean()
    assert float(loss.detach()) == pytest.approx(0.7 * float(wanted), rel=1e-9)
    assert parts["preserve_jsd"] == pytest.approx(0.0, abs=1e-12)


def test_undial_and_kl_ascent_at_the_original(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    _, parts = make_method("kl-gradient-ascent").loss(model, batch, model)
    assert parts["preserve_kl"] == pytest.approx(0.0, abs=1e-12)
    # beta = 0 distils the original into itself: cross-entropy is its own entropy.
    _, parts = make_method("undial", beta=0.0).loss(model, batch, model)
    with torch.no_grad():
        table = answer_log_probs(model, batch.forget)
        entropy = -(table.exp() * table).sum(-1)[batch.forget.answer_mask].mean()
    assert parts["distillation"] == pytest.approx(float(entropy), rel=1e-9)
