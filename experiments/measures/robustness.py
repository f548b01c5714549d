"""Does forgetting survive? A few steps of relearning on part of the forget set, and rounding the weights to few bits."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.measures.detectors import auc, either_way
from experiments.measures.items import item_scores
from experiments.methods.control import RetainOnly
from experiments.unlearning.loop import Task, Watch, run_loop
from mari_theory.errors import require


@dataclass(frozen=True)
class Relearned:
    """What relearning some forget owners does to the others, which the attacker did *not* show."""

    model: Any
    """The attacked copy."""
    steps: int
    """Training steps that the attack was given."""
    hidden: list[Item]
    """Forget items of the owners not shown."""
    before: float
    """Mean answer probability (geometric, a token) on the hidden items before the attack."""
    after: float
    """The same after it."""


@dataclass(frozen=True)
class Relearning:
    """How an attacker relearns."""

    share: float = 0.25
    """Of the forget owners it is shown."""
    steps: int = 10
    """Training steps, at least 1."""
    lr: float = 1e-3
    """Learning rate of AdamW at its largest, above 0."""
    batch: int = 16
    """Shown items a step, at least 1."""


def relearning_attack(
    model: Any, tokenizer: Any, corpus: Corpus, attack: Relearning | None = None, max_answer: int = 64, seed: int = 0
) -> Relearned:
    """Train a copy for a few steps on a share of the forget owners and look at the others.

    Knowledge that was hidden rather than removed comes back; run it on an oracle as well, what comes back there is the attack's own doing.
    LoRA models are attacked through their adapter, others through all parameters; the model given is not changed.
    Raises `ArgumentError` when the share leaves either side without an owner.
    """
    a = attack or Relearning()
    owners = list(dict.fromkeys(i.owner for i in corpus.forget))
    count = round(a.share * len(owners))
    require(
        1 <= count < len(owners), "share", f"1 to {len(owners) - 1} of {len(owners)} owners", f"{a.share:g}, {count}"
    )
    order = np.random.default_rng([seed, 67]).permutation(len(owners))
    shown_owners = {owners[int(k)] for k in order[:count]}
    shown_items = [i for i in corpus.forget if i.owner in shown_owners]
    hidden_items = [i for i in corpus.forget if i.owner not in shown_owners]
    target = copy.deepcopy(model)
    adapter = any("lora_" in n for n, _ in target.named_parameters())
    for name, p in target.named_parameters():
        p.requires_grad_("lora_" in name or not adapter)
    before = item_scores(target.eval(), tokenizer, hidden_items, max_answer).probability.mean()
    settings = LoopSettings(a.steps, a.lr, a.batch, 1, 0, seed=seed, max_answer=max_answer)
    run_loop(Task(target, tokenizer, corpus, shown_items, RetainOnly()), settings, Watch(evaluate=False))
    after = item_scores(target, tokenizer, hidden_items, max_answer).probability.mean()
    return Relearned(target, a.steps, hidden_items, float(before), float(after))


def quantised(model: Any, bits: int = 4, group: int = 64) -> Any:
    """A copy whose linear weights are rounded to `bits` bits, symmetric, one scale a group of `group` inputs; computed in the old dtype.

    Round-to-nearest is the plain form of what low-bit inference does; small unlearning steps can vanish in it.
    LoRA adapters are merged first. Raises `ArgumentError` unless 2 <= bits <= 8 and group >= 1.
    """
    require(2 <= bits <= 8, "bits", "2 to 8", bits)
    require(group >= 1, "group", "at least 1", group)
    out = copy.deepcopy(model)
    if hasattr(out, "merge_and_unload"):
        out = out.merge_and_unload()
    with torch.no_grad():
        for module in out.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.copy_(round_weights(module.weight, bits, group))
    return out.eval()


def survival(
    model: Any, tokenizer: Any, corpus: Corpus, holdout: Sequence[Item], max_answer: int = 64, seed: int = 0
) -> dict[str, dict[str, float]]:
    """What is left of forgetting after 8-bit, 4-bit rounding and relearning: answer probabilities and the loss attack's AUC.

    `forget` after relearning is over the owners the attacker did not show; AUC is max(AUC, 1 - AUC) against never-seen items.
    """
    cases: dict[str, tuple[Any, Sequence[Item]]] = {
        f"{bits}-bit": (quantised(model, bits), corpus.forget) for bits in (8, 4)
    }
    if len({i.owner for i in corpus.forget}) > 1:
        settings = Relearning(share=max(0.25, 1 / len({i.owner for i in corpus.forget})))
        attack = relearning_attack(model, tokenizer, corpus, settings, max_answer, seed)
        cases["relearned"] = (attack.model, attack.hidden)
    out = {}
    for name, (variant, forget) in cases.items():
        own, retain, other = (item_scores(variant, tokenizer, x, max_answer) for x in (forget, corpus.retain, holdout))
        out[name] = {
            "forget": float(own.probability.mean()),
            "retain": float(retain.probability.mean()),
            "auc": either_way(auc(-own.loss, -other.loss)),
        }
    return out


def round_weights(weight: torch.Tensor, bits: int, group: int) -> torch.Tensor:
    """Each run of `group` entries of a row on its own symmetric grid of `2^bits - 1` levels.

    >>> round_weights(torch.tensor([[1.0, 0.4, -0.6]]), 2, 3).tolist()
    [[1.0, 0.0, -1.0]]
    """
    top = 2 ** (bits - 1) - 1
    parts = []
    for part in weight.split(group, dim=1):
        scale = (part.abs().amax(1, keepdim=True) / top).clamp(min=1e-12)
        parts.append((part / scale).round().clamp(-top, top) * scale)
    return torch.cat(parts, 1)
