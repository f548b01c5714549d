"""Gradient ascent and gradient difference (GradDiff)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from experiments.encoding import answer_log_probs, answer_loss
from experiments.methods.base import Batch, keep_loss


@dataclass(frozen=True)
class GradientAscent:
    """`L = -CE(forget)`: unbounded below (T23). Baseline of Jang et al. (2023); answer tokens only."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """Minus the forget loss."""
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return -forget, {"forget_loss": float(forget.detach())}


@dataclass(frozen=True)
class GradDiff:
    """`L = CE(keep) - gamma CE(forget)` (Liu, Liu and Stone 2022; Maini et al. 2024 use gamma = 1)."""

    gamma: float = 1.0

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays minus gamma times CE on the forget answers."""
        keep = keep_loss(model, batch)
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return keep - self.gamma * forget, {"keep_loss": float(keep.detach()), "forget_loss": float(forget.detach())}
