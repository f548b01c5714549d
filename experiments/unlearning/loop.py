"""The reference loop: training, retraining and unlearning are the same few lines with another method.

Every batch is a pure function of (seed, step), so a run that is killed and resumed ends bit-identical to one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from experiments.config import LoopSettings
from experiments.data.encoding import require_fit
from experiments.data.items import Corpus, Item
from experiments.methods.base import Method
from experiments.models.device import device_of
from experiments.models.load import require_room
from experiments.unlearning.batches import make_batch, require_match
from experiments.unlearning.checkpoint import LoopResult, Running, State
from experiments.unlearning.looks import Looks
from experiments.unlearning.reason import Reason
from mari_theory.errors import require


@dataclass(frozen=True)
class Task:
    """What a run changes, and with what."""

    model: Any
    """Trained in place."""
    tokenizer: Any
    """Of the model and of the reference."""
    corpus: Corpus
    """Where forget items, holdout, twins and refusals come from."""
    repeated: Sequence[Item]
    """Items seen again and again: what stays, or what is being learnt."""
    method: Method
    """Makes the loss, and decides on what else happens to the weights."""
    reference: Any = None
    """The frozen model the method asks for: the original, or the model before fine-tuning."""


@dataclass(frozen=True)
class Watch:
    """What is kept and shown of a run on the way."""

    folder: Path | None = None
    """Where checkpoints are kept, and resumed from."""
    evaluate: bool = True
    """Look at losses, accuracies and marginal information, and obey the rules that stop a run."""
    label: str = "steps"
    """Of the progress bar."""
    read: Callable[[Any, int], dict[str, float]] | None = None
    """What else is logged at a look, given the model in evaluation mode and the step."""
    after_step: Callable[[int], None] | None = None
    """Called with the number of steps done."""


def run_loop(task: Task, settings: LoopSettings, watch: Watch | None = None) -> LoopResult:
    """Train the task's model in place with its method; what happened comes back.

    A look logs loss and next-token accuracy on forget, retain and holdout answers, the full-pass marginal information and the means of
    the loss's parts since the last one (`batch_...`), every `evaluate_every` steps, and ends the run where the settings say so. A non-finite
    loss or gradient ends it before the weights are touched.

    Raises `ArgumentError` on data that do not fit the model or the method, or too little disk for checkpoints.
    """
    s, w = settings.over(len(task.repeated)), watch or Watch()
    model, corpus, method = task.model, task.corpus, task.method
    _require_data(task, s)
    torch.set_grad_enabled(True)
    weights = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=s.lr, betas=(0.9, 0.98), weight_decay=s.weight_decay)
    device = device_of(model)
    objective = method.begin(model, task.tokenizer, corpus, s.seed).to(device)
    own = {f"objective.{n}": p for n, p in objective.named_parameters()}
    weights |= own
    if own:
        optimizer.add_param_group({"params": list(own.values())})
    if w.folder:  # weights, two moments, and the finished weights beside them
        require_room(w.folder, 4 * sum(p.numel() * p.element_size() for p in weights.values()), "checkpoints")
    result, running = LoopResult(), Running()
    state = State(weights, optimizer, result, running, objective)
    start = state.load(w.folder) if w.folder else 0
    looks = Looks(task.tokenizer, corpus, s) if w.evaluate else None
    source = method.match_source or "name"
    model.train()
    bar = tqdm(range(start, s.steps), desc=w.label, initial=start, total=s.steps, disable=None, leave=False)
    for step in bar:
        if looks and step % s.evaluate_every == 0:
            _look(looks, w, model, step, result, running)
            if stop := looks.reason_to_stop(result.history):
                result.stopped = stop
                break
        with torch.no_grad():
            if objective.edit(weights, task.reference, step, last=False):
                optimizer.state.clear()
        for group in optimizer.param_groups:
            group["lr"] = s.lr * _rate(step, s)
        batch = make_batch(task.tokenizer, corpus, task.repeated, s, step, source).to(device)
        optimizer.zero_grad(set_to_none=True)
        loss, parts = objective.loss(model, batch, task.reference, step)
        if not math.isfinite(float(loss.detach())):
            result.stopped = Reason.LOSS_NOT_FINITE
            break
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), s.clip)
        if not bool(torch.isfinite(norm)):
            result.stopped = Reason.GRADIENT_NOT_FINITE
            break
        optimizer.step()
        result.steps = step + 1
        running.add(parts)
        bar.set_postfix({k: f"{v:.3f}" for k, v in parts.items()}, refresh=False)
        if w.folder and ((step + 1) % s.checkpoint_every == 0 or step + 1 == s.steps):
            state.save(w.folder)
        if w.after_step:
            w.after_step(step + 1)
    if result.steps == s.steps:
        with torch.no_grad():
            objective.edit(weights, task.reference, s.steps, last=True)
    if looks and result.steps == s.steps and (not result.history or result.history[-1]["step"] != s.steps):
        _look(looks, w, model, s.steps, result, running)
    model.eval()
    return result


def _look(looks: Looks, w: Watch, model: Any, step: int, result: LoopResult, running: Running) -> None:
    looks.log(model, step, result, running)
    if w.read:
        model.eval()
        result.history[-1] |= w.read(model, step)
        model.train()


def _require_data(task: Task, s: LoopSettings) -> None:
    corpus = task.corpus
    require(len(task.repeated) > 0, "retain", "at least one item", 0)
    require(len(corpus.forget) > 0, "forget", "at least one item", 0)
    if task.method.match_source is not None:
        require_match(corpus, task.method.match_source)
    longest = [replace(i, answer=max(corpus.templates, key=len)) for i in corpus.forget if corpus.templates]
    require_fit(task.model, task.tokenizer, [*task.repeated, *corpus.forget, *longest], s.max_answer)


def _rate(step: int, s: LoopSettings) -> float:
    warm = min(1.0, (step + 1) / max(1, round(0.03 * s.steps)))
    done = step / max(1, s.steps)
    if s.schedule == "linear":
        return warm * (1 - 0.9 * done)
    return warm * (1.0 if done < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * done - 1))))
