"""The task vector: learn the forget answers, then step back the other way in weight space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.data.encoding import answer_log_probs, answer_loss
from experiments.data.items import Corpus
from experiments.methods.base import Batch, Loss, Method, Objective, Reference, parts_of, preserve_loss
from mari_theory.errors import require


@dataclass(frozen=True)
class TaskVector(Method):
    r"""`theta - scale (theta_f - theta_s)`: fine-tune `start` on the forget answers, take its change off the original (Ilharco et al. 2023).

    The step back is taken in weight space. With LoRA that is the product of the two factors, rounded to the adapter's rank by a singular
    value decomposition. Deviations: `start` may be the original itself instead of the model before fine-tuning, and with `fit` the run's
    other steps train on what stays (a repair), with an optimiser of their own.
    """

    scale: float = 1.0
    """Length of the step back, at least 0, in units of the step forth; 0 gives the original back."""
    start: str = "original"
    """What is fine-tuned on the forget answers: `original`, or `base` (the paper's), the model before any fine-tuning."""
    fit: int | None = None
    """Steps of that fine-tuning, at most the run's; None: all of them, so there is no repair."""

    def __post_init__(self) -> None:
        require(self.scale >= 0, "scale", "a number at least 0", self.scale)
        require(self.start in ("original", "base"), "start", "original or base", self.start)
        require(self.fit is None or self.fit >= 1, "fit", "a number at least 1", self.fit)

    @property
    def reference(self) -> Reference:
        """The model before fine-tuning, when that is where the vector starts."""
        return Reference.BASE if self.start == "base" else Reference.NONE

    @property
    def retain_term(self) -> bool:
        """In the repair, where there is one."""
        return self.fit is not None

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on the forget answers: the fine-tuning whose direction is negated."""
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return forget, parts_of(forget_loss=forget)

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> Objective:
        """With the weights of before, until the step back."""
        return StepBack(self)


class StepBack(Objective):
    """One run of `TaskVector`."""

    def __init__(self, method: TaskVector) -> None:
        super().__init__()
        self.method = method
        self.original: dict[str, Tensor] = {}
        self.started: dict[str, Tensor] = {}

    def edit(self, weights: Mapping[str, Tensor], reference: Any, step: int, last: bool) -> bool:
        """Start the fine-tuning at step 0; step back when it is over. Raises `ArgumentError` on a run shorter than that."""
        fit = self.method.fit
        if step == 0:
            self.original = {n: p.detach().clone() for n, p in weights.items()}
            own = dict(reference.named_parameters()) if self.method.start == "base" else self.original
            self.started = {n: own[n].detach().clone() for n in weights}
            for name, p in weights.items():
                p.copy_(self.started[name])
        elif (last and fit is None) or step == fit:
            step_back(weights, self.original, self.started, self.method.scale)
            self.original, self.started = {}, {}
            return True
        require(not last or not self.original, "fit", f"at most the {step} steps of the run", fit)
        return False

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        """CE on the forget answers, after the step back on what stays."""
        if self.method.fit is None or step < self.method.fit:
            return self.method.loss(model, batch)
        preserve = preserve_loss(model, batch)
        return preserve, parts_of(preserve_loss=preserve)

    def memory(self) -> dict[str, Tensor]:
        """The weights of before."""
        kept = (("original", self.original), ("started", self.started))
        return {f"{key}/{n}": p for key, weights in kept for n, p in weights.items()}

    def recall(self, memory: dict[str, Tensor]) -> None:
        """What `memory` gave."""
        for key, tensor in memory.items():
            where, name = key.split("/", 1)
            (self.original if where == "original" else self.started)[name] = tensor


def step_back(
    weights: Mapping[str, Tensor], original: Mapping[str, Tensor], started: Mapping[str, Tensor], scale: float
) -> None:
    """Replace every weight by original - scale (weight - started); a LoRA pair by the nearest pair to that of the products."""
    for name, after in weights.items():
        if "lora_B" in name:
            continue
        other = name.replace("lora_A", "lora_B")
        if other == name:
            after.copy_(original[name] - scale * (after - started[name]))
            continue
        now, old, first = (w[other] @ w[name] for w in (weights, original, started))
        u, s, v = torch.linalg.svd(old - scale * (now - first), full_matrices=False)
        rank = after.shape[0]
        weights[other].copy_(u[:, :rank] * s[:rank].sqrt())
        after.copy_(s[:rank].sqrt()[:, None] * v[:rank])
