"""Matched-reference MarI: ours, after Forgetting-MarI (arXiv 2511.11914)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from experiments.data.encoding import answer_log_probs
from experiments.methods.base import Batch, Origin, frozen_log_probs, keep_loss, parts_of
from experiments.methods.signals import bent_square, masked, mean_answer
from mari_theory import jensen_shannon, marginal_information
from mari_theory.errors import require


@dataclass(frozen=True)
class MatchedMarI:
    r"""Marginal information against never-seen subjects of the same question (T27): the reference a deletion request means. Ours, after MarI.

    .. math:: L = CE(keep) + \lambda \, mean_i \, JSD_w(P_i', (1-\rho) P_i' + \rho P_i), \quad P_i = p(\cdot | x_i), P_i' = p(\cdot | x_i')

    x_i is a forget question and P_i' what a model says that never saw its subject, without gradient. `source` says which: `name`, this model
    asked the same of a made-up name; `holdout`, this model asked a question of the same type about a never-trained author; `base`, the model
    before fine-tuning asked x_i itself. `per="prompt"` compares each pair, `per="kind"` the averages within a question type (for `holdout`
    the natural choice: its questions differ). Positions are aligned at the answer's start, or word by word where the answer names its subject.
    A made-up name is a reference only where the wording of a question does not give its subject away; where it does, `base` is one
    (docs/results/matched.md measures both).
    `share` rho in (0, 1], 1 = the two laws directly; `weight` w of the forget side. Of what loss attacks read, an answer's mean token
    log-probability l, the divergence leaves a trace, the same small shift on every question, which an attacker adds up over an author.
    `match_loss` mu adds mu mean_i (l_i - l_i')^2, each pair; `match_mean` nu adds nu h(mean_i l_i - l_i'), the shift of the batch, with
    h(g) = g^2 up to 0.05 nats and straight on from there: far from the reference the divergence leads.
    """

    penalty: float = 1.0
    per: str = "prompt"
    share: float = 1.0
    weight: float = 0.5
    source: str = "name"
    match_loss: float = 0.0
    match_mean: float = 0.0
    origin: ClassVar[Origin] = "ours"

    def __post_init__(self) -> None:
        require(self.per in ("prompt", "kind"), "per", "prompt or kind", self.per)
        require(self.source in ("name", "holdout", "base"), "source", "name, holdout or base", self.source)
        for name in ("penalty", "match_loss", "match_mean"):
            require(getattr(self, name) >= 0, name, "a number at least 0", getattr(self, name))

    @property
    def needs_reference(self) -> bool:
        """True when the model before fine-tuning is the reference."""
        return self.source == "base"

    @property
    def reference_name(self) -> str:
        """Which model the run has to bring: the one before fine-tuning, not the original."""
        return "base"

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus lambda times the matched information, mu times the matched losses and nu times the matched mean."""
        keep = keep_loss(model, batch)
        twin = batch.forget if self.source == "base" else batch.matched
        with torch.no_grad():
            seen = frozen_log_probs(reference, twin) if self.source == "base" else answer_log_probs(model, twin)
        forget = answer_log_probs(model, batch.forget)
        width = min(seen.shape[1], forget.shape[1])
        mask = batch.forget.answer_mask[:, :width] & twin.answer_mask[:, :width]
        information = self._information(seen[:, :width], forget[:, :width], mask, batch.forget.kinds)
        own = batch.forget if self.source == "holdout" else masked(batch.forget, twin.answer_mask)
        gap = mean_answer(seen, twin) - mean_answer(forget, own)
        each, shift = (gap**2).mean(), bent_square(gap.mean())
        parts = parts_of(keep_loss=keep, marginal_information=information, matched_loss=each, matched_mean=shift)
        return keep + self.penalty * information + self.match_loss * each + self.match_mean * shift, parts

    def _information(self, seen: Tensor, forget: Tensor, mask: Tensor, kinds: tuple[str, ...]) -> Tensor:
        if self.per == "prompt":
            # Padding is computed too and dropped: picking rows of a wide vocabulary would copy them twice.
            return (self._between(seen, forget) * mask).sum() / mask.sum().clamp(min=1)
        parts = []
        for kind in dict.fromkeys(kinds):
            rows = torch.tensor([k == kind for k in kinds], device=seen.device)
            for t in range(mask.shape[1]):
                use = rows & mask[:, t]
                if bool(use.any()):
                    parts.append(self._between(seen[use, t].exp().mean(0).log(), forget[use, t].exp().mean(0).log()))
        return torch.stack(parts).mean()

    def _between(self, seen: Tensor, forget: Tensor) -> Tensor:
        """Information between log-laws on the last axis."""
        if self.share < 1.0:
            mixed: Tensor = marginal_information(seen.exp(), forget.exp(), self.share, self.weight, check=False)
            return mixed
        direct: Tensor = jensen_shannon(seen, forget, self.weight, log=True, check=False)
        return direct
