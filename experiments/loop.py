"""The reference loop: training, retraining and unlearning are the same few lines with another method.

Every batch is a pure function of (seed, step), so a run that is killed and resumed ends bit-identical to one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from experiments.checkpoint import LoopResult, Running, State
from experiments.config import LoopSettings
from experiments.corpus import Corpus, Item
from experiments.device import device_of
from experiments.encoding import Encoded, answer_log_probs, encode, encode_twins, require_fit, token_log_probs
from experiments.methods.base import Batch, Method
from experiments.models import require_room
from experiments.reason import Reason
from experiments.refusals import refusal
from mari_theory import marginal_information
from mari_theory.errors import require


def pick(seed: int, stream: int, step: int, count: int, n: int) -> list[int]:
    """Indices of step `step` of an endless sequence of shuffles of n items: a pure function of its arguments.

    >>> sorted(pick(0, 1, 0, 3, 6) + pick(0, 1, 1, 3, 6))
    [0, 1, 2, 3, 4, 5]
    """
    out: list[int] = []
    for position in range(step * count, (step + 1) * count):
        epoch, index = divmod(position, n)
        if not out or index == 0:
            order = np.random.default_rng([seed, stream, epoch]).permutation(n)
        out.append(int(order[index]))
    return out


def make_batch(
    tokenizer: Any,
    corpus: Corpus,
    kept: Sequence[Item],
    s: LoopSettings,
    step: int,
    device: Any = "cpu",
    source: str = "name",
) -> Batch:
    """The data of one step. `kept` are the repeated items that stay (or that are being learnt); `source` says where matched items come from."""
    repeated = [kept[i] for i in pick(s.seed, 1, step, s.batch_retain, len(kept))]
    forget = [corpus.forget[i] for i in pick(s.seed, 2, step, s.batch_forget, len(corpus.forget))]
    background = corpus.background(np.random.default_rng([s.seed, 7, step]), s.batch_background)

    def matched() -> Encoded:
        rng = np.random.default_rng([s.seed, 8, step])
        if source == "holdout":
            return encode(tokenizer, [corpus.never_seen(i, rng) for i in forget], s.max_answer)
        return encode_twins(tokenizer, forget, [corpus.matched(i, rng) for i in forget], s.max_answer)

    def template() -> Encoded:
        rng = np.random.default_rng([s.seed, 10, step])
        return encode(tokenizer, [refusal(corpus, i, rng) for i in forget], s.max_answer)

    def on_device(items: Sequence[Item]) -> Callable[[], Encoded]:
        return lambda: encode(tokenizer, items, s.max_answer).to(device)

    return Batch(
        on_device([*repeated, *background]),
        on_device(repeated),
        on_device(forget),
        lambda: matched().to(device),
        lambda: template().to(device),
        forget,
    )


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


def require_matched(corpus: Corpus, source: str) -> None:
    """There is something to match with: prompts that name their subject, or never-seen items."""
    if source == "name":
        named = sum(corpus.subject.get(i.owner, i.owner) in i.prompt for i in corpus.forget)
        require(named > 0, "forget", "prompts that name their owner, or another source", "no prompt that does")
    if source == "holdout":
        require(len(corpus.holdout) > 0, "holdout", "never-seen items to match with", 0)


class FullPass(NamedTuple):
    """Mean answer loss an item-token (nats), share of answer tokens that are the likeliest, and the pooled next-token distribution.

    For the last items are first averaged over their answer tokens; float64.
    """

    loss: float
    accuracy: float
    law: np.ndarray[Any, np.dtype[np.float64]]


def full_pass(model: Any, data: Encoded, size: int = 64) -> FullPass:
    """All of it over a whole set, in one pass."""
    total: Any = 0.0
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for part in slices(data, size, model):
            table = answer_log_probs(model, part)
            picked = token_log_probs(table, part)
            loss -= float(picked.sum())
            right += int(((picked >= table.amax(-1)) & part.answer_mask).sum())
            count += int(part.answer_mask.sum())
            probabilities = table.double().exp() * part.answer_mask[..., None]
            rows = probabilities.sum(1) / part.answer_mask.sum(1, keepdim=True)
            rows = rows / rows.sum(-1, keepdim=True)
            total = total + rows.sum(0).cpu().numpy()
    return FullPass(loss / count, right / count, np.asarray(total / len(data)))


def full_pass_mean(model: Any, data: Encoded, size: int = 64) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The pooled next-token distribution over a whole set."""
    return full_pass(model, data, size).law


def slices(data: Encoded, size: int, model: Any) -> Iterator[Encoded]:
    """Consecutive pieces of a batch, on the model's device."""
    for i in range(0, len(data), size):
        yield data.part(i, i + size).to(device_of(model))


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
