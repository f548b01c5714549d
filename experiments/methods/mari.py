"""Forgetting-MarI (our reading of arXiv 2511.11914: its language-model code is not public) and matched-reference MarI."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.data.encoding import Encoded, answer_log_probs
from experiments.data.items import Corpus
from experiments.methods.base import (
    Batch,
    Loss,
    Method,
    Objective,
    Origin,
    Reference,
    parts_of,
    preserve_divergence,
    preserve_loss,
)
from experiments.methods.signals import (
    BINS,
    SIGNALS,
    Law,
    Laws,
    confidence,
    pool,
    position_means,
    remember,
    soft_histogram,
)
from mari_theory import marginal_information
from mari_theory.errors import require

PRESERVE = ("cross-entropy", "kl", "kl-from-model")
"""What keeps the rest as it is."""


@dataclass(frozen=True)
class MarI(Method):
    r"""Penalise the marginal information the forget set adds to the retain set (T1, T12); arXiv 2511.11914.

    .. math:: L = preserve + \lambda \, JSD_w(P_r, (1-\rho) P_r + \rho P_f)

    `signal`: next-token distributions of the batch at answer positions, averaged over items and positions (`pooled`) or over items at each
    position counted from the answer's start, then the divergences averaged (`tokenwise`); or a scalar of the model's own confidence, in
    a histogram of 16 bins with linear weights: an item's geometric mean answer probability (`likelihood`) or its mean entropy over ln V
    (`entropy`). Pooled laws can agree though every answer is memorised; scalars see it, but only against never-seen data (T26, T27).

    A small batch reads too high. Two remedies: `debiased` and `past_batches`. The paper's objective (`mari-paper`) is
    (1 - gamma) KL(model || original) + gamma I(X; Z) with the share of rows as weight, as far as a reader's notes and the authors' draft
    page show it; their code is not public. Deviations: cross-entropy on what stays unless `preserve` says otherwise, and background items
    beside retain; the scalar signals and both remedies are ours.
    """

    penalty: float = 1.0
    r"""Lambda, at least 0."""
    signal: str = "pooled"
    """`pooled`, `tokenwise`, `likelihood` or `entropy`."""
    share: float | None = None
    """Rho in (0, 1], 1 is a pure forget side; None: the batch's forget share."""
    weight: float | str = 0.5
    """W of the mixed side in (0, 1), or `batch`: its share of all rows when retain rows serve both sides."""
    detach_retain: bool = False
    """Let the gradient flow through the forget side only."""
    preserve: str = "cross-entropy"
    """`cross-entropy` on what stays, `kl` (original || model) there, or `kl-from-model` (model || original), the paper's."""
    retain_weight: float = 1.0
    """Of the retain term, at least 0; the paper's weights are (1 - gamma, gamma)."""
    count_weighted: bool = False
    """Token-wise: weigh positions by the answers that reach them, instead of all alike."""
    debiased: bool = False
    """Subtract the retain-against-retain reading of the same batch, half of retain standing in for forget."""
    past_batches: int = 0
    """Average the laws with those of so many past batches; no gradient through those, the newest stands for all of them in the gradient."""

    def __post_init__(self) -> None:
        require(self.past_batches >= 0, "past_batches", "a number at least 0", self.past_batches)
        require(self.signal in SIGNALS, "signal", ", ".join(SIGNALS), self.signal)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)
        require(self.preserve in PRESERVE, "preserve", " or ".join(PRESERVE), self.preserve)
        require(self.retain_weight >= 0, "retain_weight", "a number at least 0", self.retain_weight)
        ok = self.weight == "batch" or (isinstance(self.weight, float) and 0 < self.weight < 1)
        require(ok, "weight", "a number in (0, 1) or batch", self.weight)

    @property
    def origin(self) -> Origin:
        """The paper's are the pooled and token-wise signals with the diluted share; the rest is ours."""
        as_stated = self.signal in ("pooled", "tokenwise") and self.share != 1.0
        return "paper" if as_stated and not self.debiased and not self.past_batches else "ours"

    @property
    def reference(self) -> Reference:
        """The original, when what stays is compared with it."""
        return Reference.NONE if self.preserve == "cross-entropy" else Reference.ORIGINAL

    @property
    def loss_is_all(self) -> bool:
        """Unless past batches count."""
        return not self.past_batches

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> Objective:
        """With the laws of past batches, when they count."""
        return PastBatches(self) if self.past_batches else super().begin(model, tokenizer, corpus, seed)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """The retain term plus lambda times the batch's marginal information; the floor is logged beside it."""
        return self.with_laws(model, batch, reference, [])[:2]

    def with_laws(
        self, model: Any, batch: Batch, reference: Any, past: Sequence[Laws]
    ) -> tuple[Tensor, dict[str, float], Laws]:
        """The loss over the batch and the laws of past ones, and this batch's laws."""
        if self.preserve == "cross-entropy":
            preserve = preserve_loss(model, batch)
        else:
            preserve = preserve_divergence(model, batch, reference, from_model=self.preserve == "kl-from-model")
        with torch.set_grad_enabled(not self.detach_retain and torch.is_grad_enabled()):
            retain = answer_log_probs(model, batch.retain)
        forget = answer_log_probs(model, batch.forget)
        share = self.share if self.share is not None else len(batch.forget) / (len(batch.forget) + len(batch.retain))
        half = len(batch.retain) // 2
        whole, other = self.law(retain, batch.retain), self.law(forget, batch.forget)
        with torch.set_grad_enabled(self.debiased and retain.requires_grad):
            halves = (whole, whole)
            if half:
                first, second = batch.retain.part(0, half), batch.retain.part(half, len(batch.retain))
                halves = self.law(retain[:half], first), self.law(retain[half:], second)
            split = [remember(now, [laws[k] for laws in past]) for k, now in enumerate(halves)]
            floor = self.information(split[0], split[1], share) if half else torch.zeros(())
        information = self.information(
            remember(whole, [law for laws in past for law in laws[: 1 + bool(half)]]),
            remember(other, [laws[2] for laws in past]),
            share,
        )
        penalty = information - floor if self.debiased else information
        parts = parts_of(preserve_loss=preserve, marginal_information=information, floor=floor)
        return self.retain_weight * preserve + self.penalty * penalty, parts, (*halves, other)

    def law(self, log_probs: Tensor, data: Encoded) -> Law:
        """Rows of laws and how much stands behind each: one row a position (token-wise), or a single one."""
        if self.signal == "tokenwise":
            return position_means(log_probs, data)
        if self.signal == "pooled":
            means, counts = position_means(log_probs, data)
            return pool(means, counts)[None], counts.sum()[None]
        histogram = soft_histogram(confidence(log_probs, data, self.signal), BINS)[None]
        return histogram, torch.full((1,), len(data), device=log_probs.device)

    def information(self, retain: Law, forget: Law, share: float) -> Tensor:
        """The penalty from laws and counts."""
        # Of N rows (1 - rho) N are retain and serve both sides: N of (2 - rho) N rows are on the mixed side.
        w = 1.0 / (2.0 - share) if self.weight == "batch" else float(self.weight)
        if self.signal != "tokenwise":
            p, q = pool(*retain), pool(*forget)
            value: Tensor = marginal_information(p, q, share, w, check=False)
            return value
        both = min(retain[0].shape[0], forget[0].shape[0])
        p, q = retain[0][:both], forget[0][:both]
        used = (retain[1][:both] > 0) & (forget[1][:both] > 0)
        values = marginal_information(p[used], q[used], share, w, check=False)
        if not self.count_weighted:
            return torch.mean(values)
        reach = torch.minimum(retain[1][:both], forget[1][:both])[used].to(values)
        return (values * reach).sum() / reach.sum()


class PastBatches(Objective):
    """The laws of the last batches of one run of `MarI`."""

    def __init__(self, method: MarI) -> None:
        super().__init__()
        self.method = method
        self.past: deque[Laws] = deque(maxlen=method.past_batches)

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        """The loss over past batches and this one, which then joins them."""
        loss, parts, laws = self.method.with_laws(model, batch, reference, self.past)
        first, second, forget = ((means.detach(), counts) for means, counts in laws)
        self.past.append((first, second, forget))
        return loss, parts

    def memory(self) -> dict[str, Tensor]:
        """Their laws, oldest first."""
        return {
            f"{k}.{side}.{part}": tensor.clone()
            for k, laws in enumerate(self.past)
            for side, law in enumerate(laws)
            for part, tensor in enumerate(law)
        }

    def recall(self, memory: dict[str, Tensor]) -> None:
        """What `memory` gave."""
        for k in range(len(memory) // 6):
            first, second, forget = ((memory[f"{k}.{side}.0"], memory[f"{k}.{side}.1"]) for side in range(3))
            self.past.append((first, second, forget))
