"""The reference loop: training, retraining and unlearning are the same few lines with another method.

Every batch is a pure function of (seed, step), so a run that is killed and resumed ends bit-identical to one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, encode, require_fit
from experiments.data.items import Corpus, Item
from experiments.methods.base import Method
from experiments.models.device import device_of
from experiments.models.load import require_room
from experiments.models.passes import full_pass
from experiments.unlearning.batches import make_batch, pick, require_matched
from experiments.unlearning.checkpoint import LoopResult, Running, State
from experiments.unlearning.reason import Reason
from mari_theory import marginal_information
from mari_theory.errors import require


def run_loop(
    model: Any,
    tokenizer: Any,
    corpus: Corpus,
    kept: Sequence[Item],
    method: Method,
    settings: LoopSettings,
    folder: Path | None = None,
    evaluate: bool = True,
    label: str = "",
    after_step: Callable[[int], None] | None = None,
    reference: Any = None,
) -> LoopResult:
    """Train `model` in place with `method`. With `folder`, checkpoint there and resume from it.

    `reference` is the original model, frozen, for methods that compare with it. A method with state brings it by `begin`: a module
    with `loss`, trained beside the model, whose `memory()` is saved with every checkpoint and given back to `recall`. A method
    with `finish(weights, before)` has the last word on the weights (task vectors).

    `evaluate` logs loss and next-token accuracy on forget, retain and holdout answers, the full-pass marginal information and the
    means of the loss's parts since the last look (`batch_...`) every `evaluate_every` steps, and ends the run where the settings say so.
    A non-finite loss or gradient ends the run before it touches the weights.
    """
    s = settings
    require(len(kept) > 0, "retain", "at least one item", 0)
    require(len(corpus.forget) > 0, "forget", "at least one item", 0)
    source = getattr(method, "source", "name")
    if hasattr(method, "source"):
        require_matched(corpus, source)
    longest = [replace(i, answer=max(corpus.templates, key=len)) for i in corpus.forget if corpus.templates]
    require_fit(model, tokenizer, [*kept, *corpus.forget, *longest], s.max_answer)
    torch.set_grad_enabled(True)
    weights = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=s.lr, betas=(0.9, 0.98), weight_decay=s.weight_decay)
    result = LoopResult()
    device = device_of(model)
    objective = method.begin(model, tokenizer, corpus, s.seed) if hasattr(method, "begin") else None
    if objective is not None:
        objective.to(device)
        own = {f"objective.{n}": p for n, p in objective.named_parameters()}
        weights |= own
        if own:
            optimizer.add_param_group({"params": list(own.values())})
    if folder:  # weights, two moments, and the finished weights beside them
        require_room(folder, 4 * sum(p.numel() * p.element_size() for p in weights.values()), "checkpoints")
    finish = getattr(method, "finish", None)
    before = {n: p.detach().clone() for n, p in weights.items()} if finish else {}
    running = Running()
    state = State(weights, optimizer, result, running, objective)
    start = state.load(folder) if folder else 0
    probes = _probes(tokenizer, corpus, s) if evaluate else {}
    model.train()
    bar = tqdm(range(start, s.steps), desc=label or "steps", initial=start, total=s.steps, disable=None, leave=False)
    for step in bar:
        if evaluate and step % s.evaluate_every == 0:
            _log(model, probes, step, result, running)
            if stop := _should_stop(result.history, s):
                result.stopped = stop
                break
        for group in optimizer.param_groups:
            group["lr"] = s.lr * _rate(step, s)
        batch = make_batch(tokenizer, corpus, kept, s, step, device, source)
        optimizer.zero_grad(set_to_none=True)
        given = (model, batch, reference)
        loss, parts = method.loss(*given) if objective is None else objective.loss(*given, step)
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
        if folder and ((step + 1) % s.checkpoint_every == 0 or step + 1 == s.steps):
            state.save(folder)
        if after_step:
            after_step(step + 1)
    if finish:
        with torch.no_grad():
            finish(weights, before)
    if evaluate and result.steps == s.steps and (not result.history or result.history[-1]["step"] != s.steps):
        _log(model, probes, s.steps, result, running)
    model.eval()
    return result


def _rate(step: int, s: LoopSettings) -> float:
    warm = min(1.0, (step + 1) / max(1, round(0.03 * s.steps)))
    done = step / max(1, s.steps)
    if s.schedule == "linear":
        return warm * (1 - 0.9 * done)
    return warm * (1.0 if done < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * done - 1))))


def _probes(tokenizer: Any, corpus: Corpus, s: LoopSettings) -> dict[str, Encoded]:
    out = {}
    for name, items in corpus.splits().items():
        if not items:
            continue
        order = pick(s.seed, 9, 0, min(s.evaluate_items, len(items)), len(items))
        out[name] = encode(tokenizer, [items[i] for i in order], s.max_answer)
    return out


def _log(model: Any, probes: dict[str, Encoded], step: int, result: LoopResult, running: Running) -> None:
    """Add one row."""
    model.eval()
    small = model.get_input_embeddings().weight.shape[0] < 4096
    passes = {name: full_pass(model, data, 512 if small else 64) for name, data in probes.items()}
    row = {f"{name}_loss": made.loss for name, made in passes.items()}
    row |= {f"{name}_accuracy": made.accuracy for name, made in passes.items()}
    retain, forget = passes["retain"].law, passes["forget"].law
    share = len(probes["forget"]) / (len(probes["forget"]) + len(probes["retain"]))
    row |= {"step": float(step), "marginal_information": float(marginal_information(retain, forget, share))}
    row |= running.take()
    result.history.append(row)
    model.train()


def _should_stop(history: Sequence[dict[str, float]], s: LoopSettings) -> Reason | None:
    """The rule that ends the run at its last look, if any does."""
    row = history[-1]
    if s.stop_at_holdout and row["forget_loss"] >= row["holdout_loss"]:
        return Reason.FORGET_LOSS
    if s.stop_accuracy_drop is not None:
        start = history[0]["holdout_accuracy"] if s.accuracy_start is None else s.accuracy_start
        if row["holdout_accuracy"] < (1.0 - s.stop_accuracy_drop) * start:
            return Reason.HOLDOUT_ACCURACY
    return None
