"""Matched-reference MarI: ours, after Forgetting-MarI (arXiv 2511.11914)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from experiments.data.encoding import answer_log_probs
from experiments.methods.base import (
    Batch,
    Loss,
    MatchSource,
    Method,
    Origin,
    Reference,
    frozen_log_probs,
    parts_of,
    preserve_loss,
)
from experiments.methods.signals import bent_square, masked, mean_answer
from mari_theory import jensen_shannon, marginal_information
from mari_theory.errors import require


@dataclass(frozen=True)
class MatchedMarI(Method):
    r"""Marginal information against never-seen subjects of the same question (T27): the reference a deletion request means. Ours, after MarI.

    .. math::
        L = CE(preserve) + \lambda \, mean_i \, JSD_w(P_i', (1-\rho) P_i' + \rho P_i) + \mu \, mean_i (l_i - l_i')^2 + \nu \, h(mean_i \, l_i - l_i')

    P_i is the model's law at each word of forget answer i. P_i' is that of a model that never saw the subject, without gradient: see `source`.
    Words are aligned at the answer's start, or one by one where the answer names its subject.

    The divergence leaves a trace that loss attacks read: the same small shift of l, an answer's mean token log-probability, on every
    question, which an attacker adds up over an author. The terms in mu and nu take it away; h(g) = g^2 up to 0.05 nats and straight on from
    there, so that far from the reference the divergence leads.

    A made-up name is a reference only where the wording of a question does not give its subject away; where it does, `base` is one
    (docs/results/matched.md measures both).
    """

    penalty: float = 1.0
    r"""Lambda, at least 0."""
    per: Literal["prompt", "kind"] = "prompt"
    """Compare each pair, or the averages within a question type: for `holdout` the natural choice, since its questions differ."""
    share: float = 1.0
    """Rho in (0, 1]; 1 compares the two laws directly."""
    weight: float = 0.5
    """W of the forget side."""
    source: MatchSource = "name"
    """P_i' is this model asked the same of a made-up name (`name`), this model asked a question of the same type about a never-trained
    author (`holdout`), or the model before fine-tuning asked the question itself (`base`)."""
    match_loss: float = 0.0
    r"""Mu, at least 0: each pair's losses."""
    match_mean: float = 0.0
    r"""Nu, at least 0: the batch's mean loss."""

    def __post_init__(self) -> None:
        require(self.per in ("prompt", "kind"), "per", "prompt or kind", self.per)
        require(self.source in ("name", "holdout", "base"), "source", "name, holdout or base", self.source)
        for name in ("penalty", "match_loss", "match_mean"):
            require(getattr(self, name) >= 0, name, "a number at least 0", getattr(self, name))

    @property
    def origin(self) -> Origin:
        """Ours."""
        return "ours"

    @property
    def reference(self) -> Reference:
        """The model before fine-tuning, when that is what is matched with."""
        return Reference.BASE if self.source == "base" else Reference.NONE

    @property
    def match_source(self) -> MatchSource:
        """As set."""
        return self.source

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus lambda times the matched information, mu times the matched losses and nu times the matched mean."""
        preserve = preserve_loss(model, batch)
        twin = batch.forget if self.source == "base" else batch.matched
        with torch.no_grad():
            other = frozen_log_probs(reference, twin) if self.source == "base" else answer_log_probs(model, twin)
        forget = answer_log_probs(model, batch.forget)
        width = min(other.shape[1], forget.shape[1])
        mask = batch.forget.answer_mask[:, :width] & twin.answer_mask[:, :width]
        information = self._information(other[:, :width], forget[:, :width], mask, batch.forget.kinds)
        own = batch.forget if self.source == "holdout" else masked(batch.forget, twin.answer_mask)
        gap = mean_answer(other, twin) - mean_answer(forget, own)
        each, shift = (gap**2).mean(), bent_square(gap.mean())
        parts = parts_of(
            preserve_loss=preserve, marginal_information=information, matched_loss=each, matched_mean=shift
        )
        return preserve + self.penalty * information + self.match_loss * each + self.match_mean * shift, parts

    def _information(self, other: Tensor, forget: Tensor, mask: Tensor, kinds: tuple[str, ...]) -> Tensor:
        if self.per == "prompt":
            # Padding is computed too and dropped: picking rows of a wide vocabulary would copy them twice.
            return (self._between(other, forget) * mask).sum() / mask.sum().clamp(min=1)
        parts = []
        for kind in dict.fromkeys(kinds):
            rows = torch.tensor([k == kind for k in kinds], device=other.device)
            for t in range(mask.shape[1]):
                use = rows & mask[:, t]
                if bool(use.any()):
                    parts.append(self._between(other[use, t].exp().mean(0).log(), forget[use, t].exp().mean(0).log()))
        return torch.stack(parts).mean()

    def _between(self, other: Tensor, forget: Tensor) -> Tensor:
        """Information between log-laws on the last axis."""
        if self.share < 1.0:
            mixture: Tensor = marginal_information(other.exp(), forget.exp(), self.share, self.weight, check=False)
            return mixture
        direct: Tensor = jensen_shannon(other, forget, self.weight, log=True, check=False)
        return direct
