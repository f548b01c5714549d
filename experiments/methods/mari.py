"""Forgetting-MarI (our reading of arXiv 2511.11914: its language-model code is not public) and matched-reference MarI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.encoding import Encoded, answer_log_probs
from experiments.methods.base import Batch, keep_loss
from mari_theory import jensen_shannon, marginal_information
from mari_theory.errors import require


@dataclass(frozen=True)
class MarI:
    r"""Penalise the marginal information the forget set adds to the retain set (T1, T12).

    .. math:: L = CE(keep) + \lambda \, JSD_w(P_r, (1-\rho) P_r + \rho P_f)

    P_r, P_f: next-token distributions of the batch at answer positions, averaged over items and positions (`pooled`) or
    over items at each position counted from the answer's start, then the divergences averaged (`tokenwise`).

    Parameters: `penalty` lambda >= 0; `share` rho in (0, 1], default the batch's forget share; `weight` w of the mixed side;
    `detach_retain` lets the gradient flow through the forget side only.
    """

    penalty: float = 1.0
    signal: str = "pooled"
    share: float | None = None
    weight: float = 0.5
    detach_retain: bool = False

    def __post_init__(self) -> None:
        require(self.signal in ("pooled", "tokenwise"), "signal", "pooled or tokenwise", self.signal)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus lambda times the batch's marginal information."""
        keep = keep_loss(model, batch)
        with torch.set_grad_enabled(not self.detach_retain and torch.is_grad_enabled()):
            retain = position_means(answer_log_probs(model, batch.retain), batch.retain)
        forget = position_means(answer_log_probs(model, batch.forget), batch.forget)
        share = self.share if self.share is not None else len(batch.forget) / (len(batch.forget) + len(batch.retain))
        information = self.information(retain, forget, share)
        return keep + self.penalty * information, {
            "keep_loss": float(keep.detach()),
            "marginal_information": float(information.detach()),
        }

    def information(self, retain: tuple[Tensor, Tensor], forget: tuple[Tensor, Tensor], share: float) -> Tensor:
        """The penalty from position means and counts."""
        if self.signal == "pooled":
            p, q = pool(*retain), pool(*forget)
            value: Tensor = marginal_information(p, q, share, self.weight, check=False)
            return value
        both = min(retain[0].shape[0], forget[0].shape[0])
        p, q = retain[0][:both], forget[0][:both]
        used = (retain[1][:both] > 0) & (forget[1][:both] > 0)
        values = marginal_information(p[used], q[used], share, self.weight, check=False)
        return torch.mean(values)


@dataclass(frozen=True)
class MatchedMarI:
    r"""Marginal information against never-seen subjects of the same question (T27): the reference a deletion request means.

    .. math:: L = CE(keep) + \lambda \, mean_i \, JSD_w(P_i', (1-\rho) P_i' + \rho P_i), \quad P_i = p(\cdot | x_i), P_i' = p(\cdot | x_i')

    x_i is a forget question and x_i' the same question about a subject the model never saw; its answer distribution is the
    model's own and carries no gradient. `per="prompt"` compares each pair, `per="kind"` the averages within a question type.
    Positions are aligned at the answer's start. `share` rho in (0, 1], 1 = the two laws directly; `weight` w of the forget side.
    """

    penalty: float = 1.0
    per: str = "prompt"
    share: float = 1.0
    weight: float = 0.5

    def __post_init__(self) -> None:
        require(self.per in ("prompt", "kind"), "per", "prompt or kind", self.per)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus lambda times the matched information."""
        keep = keep_loss(model, batch)
        with torch.no_grad():
            seen = answer_log_probs(model, batch.matched)
        forget = answer_log_probs(model, batch.forget)
        width = min(seen.shape[1], forget.shape[1])
        seen, forget, mask = seen[:, :width], forget[:, :width], batch.forget.answer_mask[:, :width]
        if self.per == "prompt":
            values = self._between(seen[mask], forget[mask])
        else:
            parts = []
            for kind in dict.fromkeys(batch.forget.kinds):
                rows = torch.tensor([k == kind for k in batch.forget.kinds], device=seen.device)
                for t in range(width):
                    use = rows & mask[:, t]
                    if bool(use.any()):
                        parts.append(
                            self._between(seen[use, t].exp().mean(0).log(), forget[use, t].exp().mean(0).log())
                        )
            values = torch.stack(parts)
        information = values.mean()
        return keep + self.penalty * information, {
            "keep_loss": float(keep.detach()),
            "marginal_information": float(information.detach()),
        }

    def _between(self, seen: Tensor, forget: Tensor) -> Tensor:
        """Information between log-laws on the last axis."""
        if self.share < 1.0:
            mixed: Tensor = marginal_information(seen.exp(), forget.exp(), self.share, self.weight, check=False)
            return mixed
        direct: Tensor = jensen_shannon(seen, forget, self.weight, log=True, check=False)
        return direct


def position_means(log_probs: Tensor, batch: Encoded) -> tuple[Tensor, Tensor]:
    """Mean distribution at each answer position (positions, vocab) and how many items reach it (positions,)."""
    mask = batch.answer_mask[..., None]
    counts = batch.answer_mask.sum(0)
    means = (log_probs.exp() * mask).sum(0) / counts.clamp(min=1)[:, None]
    return means, counts


def pool(means: Tensor, counts: Tensor) -> Tensor:
    """Average over all answer tokens from position means and counts."""
    return (means * counts[:, None]).sum(0) / counts.sum()
