"""DareU in the loop: a run that is cut resumes to the bit, settings out of range are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import answer_log_probs
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.dareu import Rollouts
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.reason import Reason
from mari_theory import ArgumentError


@pytest.mark.usefixtures("few_features")
def test_a_run_samples_steps_and_resumes_to_the_bit(corpus: Corpus, tokenizer: Any, tmp_path: Path) -> None:
    settings = LoopSettings(steps=6, batch_retain=4, batch_forget=4, batch_background=2, checkpoint_every=3)
    method = make_method("dareu", max_new=3)
    reference = tiny_model(len(tokenizer), 16, 1, 2, seed=3).eval()

    class Killed(Exception):
        pass

    def kill(step: int) -> None:
        if step == 4:
            raise Killed

    def run(folder: Path | None, after: Callable[[int], None] | None = None) -> tuple[Any, LoopResult]:
        model = tiny_model(len(tokenizer), 16, 1, 2, seed=3)
        task = Task(model, tokenizer, corpus, corpus.retain, method, reference)
        result = run_loop(task, settings, Watch(folder, False, after_step=after))
        return model, result

    whole, result = run(None)
    assert result.steps == 6 and result.stopped is Reason.ALL_STEPS
    with pytest.raises(Killed):
        run(tmp_path, kill)
    resumed, _ = run(tmp_path)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("few_features")
def test_the_old_law_is_the_one_that_was_sampled(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    """At temperature 1/2 probabilities are squared; at the first step the ratio is 1, so the KL is 0."""
    model = tiny_model(len(tokenizer), 16, 1, 2, seed=3)
    objective = make_method("dareu", max_new=2, temperature=0.5).begin(model, tokenizer, corpus, 0)
    assert isinstance(objective, Rollouts)
    _, parts = objective.loss(model, make_batch(tokenizer, corpus, corpus.retain, settings, 0), model, 0)
    assert objective.data is not None and parts["policy_kl"] == pytest.approx(0.0, abs=1e-6)
    with torch.no_grad():
        law = answer_log_probs(model, objective.data).exp() ** 2
    mask = objective.data.answer_mask
    torch.testing.assert_close(objective.old.exp()[mask], (law / law.sum(-1, keepdim=True))[mask], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("settings", [{"clip": 1.5}, {"temperature": 0.0}, {"gamma": 0.0}, {"kl": -1.0}, {"slices": 0}])
def test_settings_out_of_range_are_named(settings: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(settings))):
        make_method("dareu", **settings)
