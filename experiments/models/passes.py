"""One reading of a whole set by a model: loss, accuracy, pooled next-token distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from experiments.data.encoding import Encoded, answer_log_probs, token_log_probs
from experiments.models.device import device_of


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
            log_probs = token_log_probs(table, part)
            loss -= float(log_probs.sum())
            right += int(((log_probs >= table.amax(-1)) & part.answer_mask).sum())
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
