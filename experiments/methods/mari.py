"""Forgetting-MarI (our reading of arXiv 2511.11914: its language-model code is not public) and matched-reference MarI."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from experiments.corpus import Corpus
from experiments.encoding import Encoded, answer_log_probs, token_log_probs
from experiments.methods.base import Batch, frozen_log_probs, keep_loss, keep_term, parts_of
from mari_theory import jensen_shannon, marginal_information
from mari_theory.errors import require

Law = tuple[Tensor, Tensor]
Laws = tuple[Law, Law, Law]
SIGNALS = ("pooled", "tokenwise", "likelihood", "entropy")
BINS = 16


@dataclass(frozen=True)
class MarI:
    r"""Penalise the marginal information the forget set adds to the retain set (T1, T12); arXiv 2511.11914.

    .. math:: L = keep + \lambda \, JSD_w(P_r, (1-\rho) P_r + \rho P_f)

    `signal`: next-token distributions of the batch at answer positions, averaged over items and positions (`pooled`) or over items at each
    position counted from the answer's start, then the divergences averaged (`tokenwise`); or a scalar of the model's own confidence, in
    a histogram of 16 bins with linear weights: an item's geometric mean answer probability (`likelihood`) or its mean entropy over ln V
    (`entropy`). Pooled laws can agree though every answer is memorised; scalars see it, but only against never-seen data (T26, T27).

    Parameters: `penalty` lambda >= 0; `share` rho in (0, 1], default the batch's forget share, 1 = a pure forget side; `weight` w of the
    mixed side, or `batch`: its share of all rows when retain rows serve both sides; `detach_retain` lets the gradient flow through the
    forget side only; `keep` is `cross-entropy` on what stays or `kl` to the original there. A small batch reads too high; two remedies:
    `debiased` subtracts the retain-against-retain reading of the same batch (half of retain standing in for forget), and `bank` averages
    the laws with those of that many past batches (no gradient through those; the newest batch stands for all of them in the gradient).
    Deviations: the paper's are the pooled and token-wise signals and the diluted share; the scalar signals, `debiased` and `bank` are ours.
    """

    penalty: float = 1.0
    signal: str = "pooled"
    share: float | None = None
    weight: float | str = 0.5
    detach_retain: bool = False
    keep: str = "cross-entropy"
    debiased: bool = False
    bank: int = 0

    def __post_init__(self) -> None:
        require(self.bank >= 0, "bank", "a number of past batches, at least 0", self.bank)
        require(self.signal in SIGNALS, "signal", ", ".join(SIGNALS), self.signal)
        require(self.penalty >= 0, "penalty", "a number at least 0", self.penalty)
        require(self.keep in ("cross-entropy", "kl"), "keep", "cross-entropy or kl", self.keep)
        ok = self.weight == "batch" or (isinstance(self.weight, float) and 0 < self.weight < 1)
        require(ok, "weight", "a number in (0, 1) or batch", self.weight)

    @property
    def needs_reference(self) -> bool:
        """True when the retain term compares with the original."""
        return self.keep == "kl"

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> MemoryBank | None:
        """The laws of past batches, when there is a bank."""
        return MemoryBank(self) if self.bank else None

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """The retain term plus lambda times the batch's marginal information; the floor is logged beside it."""
        return self.with_laws(model, batch, reference, [])[:2]

    def with_laws(
        self, model: Any, batch: Batch, reference: Any, past: Sequence[Laws]
    ) -> tuple[Tensor, dict[str, float], Laws]:
        """The loss over the batch and the laws of past ones, and this batch's laws."""
        keep = keep_term(self.keep, model, batch, reference)
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
        parts = parts_of(keep_loss=keep, marginal_information=information, floor=floor)
        return keep + self.penalty * penalty, parts, (*halves, other)

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
        return torch.mean(values)


class MemoryBank(torch.nn.Module):  # type: ignore[misc]
    """The laws of the last `bank` batches of one run of `MarI`."""

    def __init__(self, method: MarI) -> None:
        super().__init__()
        self.method = method
        self.past: deque[Laws] = deque(maxlen=method.bank)

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss over the bank and this batch, which then joins the bank."""
        loss, parts, laws = self.method.with_laws(model, batch, reference, self.past)
        first, second, forget = ((means.detach(), counts) for means, counts in laws)
        self.past.append((first, second, forget))
        return loss, parts

    def memory(self) -> dict[str, Tensor]:
        """The bank, oldest first."""
        return {
            f"{k}.{side}.{part}": tensor.clone()
            for k, laws in enumerate(self.past)
            for side, law in enumerate(laws)
            for part, tensor in enumerate(law)
        }

    def recall(self, kept: dict[str, Tensor]) -> None:
        """What `memory` gave."""
        for k in range(len(kept) // 6):
            first, second, forget = ((kept[f"{k}.{side}.0"], kept[f"{k}.{side}.1"]) for side in range(3))
            self.past.append((first, second, forget))


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


def remember(now: Law, past: Sequence[Law]) -> Law:
    """The law over this batch and past ones, by counts. Its gradient is this batch's, as if all had moved with it."""
    if not past:
        return now
    rows = max(law[0].shape[0] for law in (now, *past))
    means, counts = now[0].new_zeros(rows, now[0].shape[1]), now[1].new_zeros(rows)
    for m, c in (now, *past):
        means[: len(c)] += m.detach() * c[:, None]
        counts[: len(c)] += c
    means = means / counts.clamp(min=1)[:, None]
    moved = now[0] - now[0].detach()
    return means + torch.nn.functional.pad(moved, (0, 0, 0, rows - len(moved))), counts


def position_means(log_probs: Tensor, batch: Encoded) -> tuple[Tensor, Tensor]:
    """Mean distribution at each answer position (positions, vocab) and how many items reach it (positions,)."""
    mask = batch.answer_mask[..., None]
    counts = batch.answer_mask.sum(0)
    means = (log_probs.exp() * mask).sum(0) / counts.clamp(min=1)[:, None]
    return means, counts


def pool(means: Tensor, counts: Tensor) -> Tensor:
    """Average over all answer tokens from position means and counts."""
    return (means * counts[:, None]).sum(0) / counts.sum()


def mean_answer(log_probs: Tensor, data: Encoded) -> Tensor:
    """Mean log-probability of an item's answer tokens, (items,)."""
    return token_log_probs(log_probs, data).sum(1) / data.answer_mask.sum(1).clamp(min=1)


def bent_square(gap: Tensor, until: float = 0.05) -> Tensor:
    """Twice Huber's function: g^2 while |g| <= until, its tangent beyond.

    >>> bent_square(torch.tensor([0.01, -1.0]), 0.5).tolist()
    [9.999999747378752e-05, 0.75]
    """
    return 2.0 * torch.nn.functional.huber_loss(gap, torch.zeros_like(gap), reduction="none", delta=until)


def masked(data: Encoded, mask: Tensor) -> Encoded:
    """Only the answer tokens of the mask."""
    return replace(data, answer_mask=data.answer_mask & mask)


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
