"""What a batch says of a model: pooled laws, position by position, and scalars of its confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from experiments.data.encoding import Encoded, token_log_probs

Law = tuple[Tensor, Tensor]


Laws = tuple[Law, Law, Law]


SIGNALS = ("pooled", "tokenwise", "likelihood", "entropy")


BINS = 16


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
    gradient = now[0] - now[0].detach()
    return means + torch.nn.functional.pad(gradient, (0, 0, 0, rows - len(gradient))), counts


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
