"""The task vector: a step back in weight space, a repair after it, and a run that was killed in between."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.task_vector import step_back
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop
from mari_theory import ArgumentError

SETTINGS = LoopSettings(steps=6, lr=0.01, batch_retain=4, batch_forget=3, batch_background=2, checkpoint_every=1)


class Killed(Exception):
    """The run ends here."""


def trained(
    corpus: Corpus, tokenizer: Any, changes: dict[str, Any], watch: Watch, steps: int = 6, base: Any = None
) -> dict[str, torch.Tensor]:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    task = Task(model, tokenizer, corpus, corpus.retain, make_method("task-vector", **changes), base)
    run_loop(task, SETTINGS.changed({"steps": steps}), watch)
    return {n: p.detach().clone() for n, p in model.named_parameters()}


def test_a_step_back_by_hand() -> None:
    weights = {"w": torch.tensor([3.0, 1.0])}
    step_back(weights, {"w": torch.tensor([1.0, 1.0])}, {"w": torch.tensor([2.0, 1.0])}, 0.5)
    assert weights["w"].tolist() == [0.5, 1.0]


def test_a_pair_of_factors_steps_back_as_its_product() -> None:
    generator = torch.Generator().manual_seed(0)

    def pair() -> dict[str, torch.Tensor]:
        a, b = torch.randn(2, 7, generator=generator).double(), torch.randn(5, 2, generator=generator).double()
        return {"x.lora_A.w": a, "x.lora_B.w": b}

    now, old = pair(), pair()
    start = {k: v.clone() for k, v in old.items()}
    start["x.lora_B.w"] = torch.zeros(5, 2).double()  # a fresh adapter: the product of before is 0
    goal = old["x.lora_B.w"] @ old["x.lora_A.w"] - 0.7 * (now["x.lora_B.w"] @ now["x.lora_A.w"])
    values = torch.linalg.svdvals(goal)
    step_back(now, old, start, 0.7)
    made = now["x.lora_B.w"] @ now["x.lora_A.w"]
    # Eckart and Young: nothing of rank 2 is nearer.
    assert float((made - goal).norm()) == pytest.approx(float(values[2:].norm()), rel=1e-9)


def test_nothing_is_left_of_a_step_of_length_zero(corpus: Corpus, tokenizer: Any) -> None:
    before = {n: p.detach() for n, p in tiny_model(len(tokenizer), 8, 1, 1, seed=0).named_parameters()}
    after = trained(corpus, tokenizer, {"scale": 0.0}, Watch(evaluate=False))
    assert all(torch.equal(before[n], after[n]) for n in before)


def test_without_a_repair_it_is_the_original_less_what_was_learnt(corpus: Corpus, tokenizer: Any) -> None:
    before = {n: p.detach() for n, p in tiny_model(len(tokenizer), 8, 1, 1, seed=0).named_parameters()}
    half, whole = (trained(corpus, tokenizer, {"scale": s}, Watch(evaluate=False)) for s in (0.5, 1.0))
    moved = 0.0
    for n, p in before.items():
        torch.testing.assert_close(whole[n] - p, 2 * (half[n] - p), atol=1e-6, rtol=1e-5)
        moved += float((whole[n] - p).norm())
    assert moved > 0.01


def test_from_the_base_the_vector_is_that_of_the_base(corpus: Corpus, tokenizer: Any) -> None:
    """With scale 1 and the original itself as base the two are one."""
    same = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    own = trained(corpus, tokenizer, {"fit": 3}, Watch(evaluate=False))
    based = trained(corpus, tokenizer, {"fit": 3, "start": "base"}, Watch(evaluate=False), base=same)
    assert all(torch.equal(own[n], based[n]) for n in own)
    other = tiny_model(len(tokenizer), 8, 1, 1, seed=1)
    moved = trained(corpus, tokenizer, {"fit": 3, "start": "base"}, Watch(evaluate=False), base=other)
    assert any(not torch.equal(own[n], moved[n]) for n in own)


@pytest.mark.parametrize("at", [2, 3, 5])
def test_a_killed_run_ends_as_if_it_had_not_been(corpus: Corpus, tokenizer: Any, tmp_path: Path, at: int) -> None:
    whole = trained(corpus, tokenizer, {"fit": 3}, Watch(evaluate=False))

    def kill(step: int) -> None:
        if step == at:
            raise Killed

    with pytest.raises(Killed):
        trained(corpus, tokenizer, {"fit": 3}, Watch(tmp_path, evaluate=False, after_step=kill))
    resumed = trained(corpus, tokenizer, {"fit": 3}, Watch(tmp_path, evaluate=False))
    assert all(torch.equal(whole[n], resumed[n]) for n in whole)


def test_the_repair_brings_back_what_stays(corpus: Corpus, tokenizer: Any, learnt: Any) -> None:
    """A step eight times too long does harm; training on what stays undoes it."""
    settings = SETTINGS.changed({"steps": 40, "lr": 0.003, "evaluate_every": 1})
    task = Task(copy.deepcopy(learnt), tokenizer, corpus, corpus.retain, make_method("task-vector", fit=4, scale=8.0))
    history = run_loop(task, settings, Watch()).history
    assert history[-1]["retain_loss"] < 0.5 * history[5]["retain_loss"] > 0.5 * history[0]["retain_loss"]


@pytest.mark.parametrize(
    ("changes", "words"), [({"scale": -1.0}, "scale"), ({"start": "oracle"}, "start"), ({"fit": 0}, "fit")]
)
def test_bad_settings_are_told(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make_method("task-vector", **changes)


def test_a_run_too_short_for_the_fit_is_told(corpus: Corpus, tokenizer: Any) -> None:
    with pytest.raises(ArgumentError, match="fit"):
        trained(corpus, tokenizer, {"fit": 9}, Watch(evaluate=False))
