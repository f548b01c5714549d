"""Forgetting-MarI (our reading of arXiv 2511.11914: its language-model code is not public) and matched-reference MarI."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.encoding import Encoded, answer_log_probs, token_log_probs
from experiments.methods.base import Batch, frozen_log_probs, keep_loss, keep_term, parts_of
from mari_theory import jensen_shannon, marginal_information
from mari_theory.errors import require

SIGNALS = ("pooled", "tokenwise", "likelihood", "entropy")
BINS = 16


@dataclass(frozen=True)
class MarI:
    r"""Penalise the marginal information the forget set adds to the retain set (T1, T12).

    .. math:: L = keep + \lambda \, JSD_w(P_r, (1-\rho) P_r + \rho P_f)

    `signal`: next-token distributions of the batch at answer positions, averaged over items and positions (`pooled`) or over items at each
    position counted from the answer's start, then the divergences averaged (`tokenwise`); or a scalar of the model's own confidence, in
    a histogram of 16 bins with linear weights: an item's geometric mean answer probability (`likelihood`) or its mean entropy over ln V
    (`entropy`). Pooled laws can agree though every answer is memorised; scalars see it, but only against never-seen data (T26, T27).

    Parameters: `penalty` lambda >= 0; `share` rho in (0, 1], default the batch's forget share, 1 = a pure forget side; `weight` w of the
    mixed side, or `batch`: its share of all rows when retain rows serve both sides; `detach_retain` lets the gradient flow through the
    forget side only; `keep` is `cross-entropy` on what stays or `kl` to the original there; `debiased` subtracts the retain-against-retain
    reading of the same batch (half of retain standing in for forget), without gradient through the difference's sign.
    """

    penalty: float = 1.0
    signal: str = "pooled"
    share: float | None = None
    weight: float | str = 0.5
    detach_retain: bool = False
    keep: str = "cross-entropy"
    debiased: bool = False

    def __post_init__(self) -> None:
        require(self.signal in SIGNALS, "signal", ", ".join(SIGNALS), self.signal)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)
        require(self.keep in ("cross-entropy", "kl"), "keep", "cross-entropy or kl", self.keep)
        ok = self.weight == "batch" or (isinstance(self.weight, float) and 0 < self.weight < 1)
        require(ok, "weight", "a number in (0, 1) or batch", self.weight)

    @property
    def needs_reference(self) -> bool:
        """True when the retain term compares with the original."""
        return self.keep == "kl"

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """The retain term plus lambda times the batch's marginal information; the floor is logged beside it."""
        keep = keep_term(self.keep, model, batch, reference)
        with torch.set_grad_enabled(not self.detach_retain and torch.is_grad_enabled()):
            retain = answer_log_probs(model, batch.retain)
        forget = answer_log_probs(model, batch.forget)
        share = self.share if self.share is not None else len(batch.forget) / (len(batch.forget) + len(batch.retain))
        information = self.information(self.law(retain, batch.retain), self.law(forget, batch.forget), share)
        half = len(batch.retain) // 2
        floor = torch.zeros(())
        if half:
            first, second = batch.retain.part(0, half), batch.retain.part(half, len(batch.retain))
            with torch.set_grad_enabled(self.debiased and retain.requires_grad):
                floor = self.information(self.law(retain[:half], first), self.law(retain[half:], second), share)
        penalty = information - floor if self.debiased else information
        return keep + self.penalty * penalty, parts_of(keep_loss=keep, marginal_information=information, floor=floor)

    def law(self, log_probs: Tensor, data: Encoded) -> tuple[Tensor, Tensor]:
        """Rows of laws and their counts: one a position, or a single histogram."""
        if self.signal in ("pooled", "tokenwise"):
            return position_means(log_probs, data)
        return soft_histogram(confidence(log_probs, data, self.signal), BINS)[None], torch.ones(
            1, device=log_probs.device
        )

    def information(self, retain: tuple[Tensor, Tensor], forget: tuple[Tensor, Tensor], share: float) -> Tensor:
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
        return torch.mean(values)


@dataclass(frozen=True)
class MatchedMarI:
    r"""Marginal information against never-seen subjects of the same question (T27): the reference a deletion request means.

    .. math:: L = CE(keep) + \lambda \, mean_i \, JSD_w(P_i', (1-\rho) P_i' + \rho P_i), \quad P_i = p(\cdot | x_i), P_i' = p(\cdot | x_i')

    x_i is a forget question and P_i' what a model says that never saw its subject, without gradient. `source` says which: `name`, this model
    asked the same of a made-up name; `holdout`, this model asked a question of the same type about a never-trained author; `base`, the model
    before fine-tuning asked x_i itself. `per="prompt"` compares each pair, `per="kind"` the averages within a question type (for `holdout`
    the natural choice: its questions differ). Positions are aligned at the answer's start. `share` rho in (0, 1], 1 = the two laws directly;
    `weight` w of the forget side.
    """

    penalty: float = 1.0
    per: str = "prompt"
    share: float = 1.0
    weight: float = 0.5
    source: str = "name"

    def __post_init__(self) -> None:
        require(self.per in ("prompt", "kind"), "per", "prompt or kind", self.per)
        require(self.source in ("name", "holdout", "base"), "source", "name, holdout or base", self.source)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)

    @property
    def needs_reference(self) -> bool:
        """True when the model before fine-tuning is the reference."""
        return self.source == "base"

    @property
    def reference_name(self) -> str:
        """Which model the run has to bring: the one before fine-tuning, not the original."""
        return "base"

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus lambda times the matched information."""
        keep = keep_loss(model, batch)
        if self.source == "base":
            seen = frozen_log_probs(reference, batch.forget)
        else:
            with torch.no_grad():
                seen = answer_log_probs(model, batch.matched)
        forget = answer_log_probs(model, batch.forget)
        width = min(seen.shape[1], forget.shape[1])
        seen, forget, mask = seen[:, :width], forget[:, :width], batch.forget.answer_mask[:, :width]
        if self.source == "holdout":
            mask = mask & batch.matched.answer_mask[:, :width]
        if self.per == "prompt":
            # Padding is computed too and dropped: picking rows of a wide vocabulary would copy them twice.
            information = (self._between(seen, forget) * mask).sum() / mask.sum()
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
            information = torch.stack(parts).mean()
        return keep + self.penalty * information, parts_of(keep_loss=keep, marginal_information=information)

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


def confidence(log_probs: Tensor, data: Encoded, signal: str) -> Tensor:
    """A number in [0, 1] an item: geometric mean probability of its answer tokens, or mean entropy over ln V."""
    length = data.answer_mask.sum(1)
    if signal == "likelihood":
        return (token_log_probs(log_probs, data).sum(1) / length).exp()
    entropy = -(log_probs.exp() * log_probs.clamp(min=-1e4)).sum(-1) / math.log(log_probs.shape[-1])
    return (entropy * data.answer_mask).sum(1) / length


def soft_histogram(values: Tensor, bins: int) -> Tensor:
    """Mean over values of linear weights on `bins` equally spaced centres of [0, 1]: differentiable, sums to 1.

    >>> soft_histogram(torch.tensor([0.0, 0.5]), 3).tolist()
    [0.5, 0.5, 0.0]
    """
    centres = torch.linspace(0.0, 1.0, bins, dtype=values.dtype, device=values.device)
    weights = (1.0 - (values.clamp(0.0, 1.0)[:, None] - centres).abs() * (bins - 1)).clamp(min=0.0)
    return weights.mean(0)
