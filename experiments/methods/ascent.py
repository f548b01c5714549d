"""Gradient ascent and its relatives: GA, GradDiff, KL-regularised GA and weighted GA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.data.encoding import answer_log_probs, answer_loss, token_log_probs
from experiments.methods.base import Batch, Loss, Method, ReferenceMethod, parts_of, preserve_divergence, preserve_loss
from mari_theory.errors import require


@dataclass(frozen=True)
class GradientAscent(Method):
    """`L = -CE(forget)`: unbounded below (T23). Baseline of Jang et al. (2023). Deviation: answer tokens only, where they take whole texts."""

    @property
    def retain_term(self) -> bool:
        """None."""
        return False

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """Minus the forget loss."""
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return -forget, parts_of(forget_loss=forget)


@dataclass(frozen=True)
class GradDiff(Method):
    """`L = CE(preserve) - gamma CE(forget)` (Liu, Liu and Stone 2022; Maini et al. 2024 use gamma = 1).

    Deviation: `preserve` is the run's own retain batch (and background authors), not one retain item for each forget item.
    """

    gamma: float = 1.0
    """Weight of the forget term; 0 leaves plain training on what stays."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays minus gamma times CE on the forget answers."""
        preserve = preserve_loss(model, batch)
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return preserve - self.gamma * forget, parts_of(preserve_loss=preserve, forget_loss=forget)


@dataclass(frozen=True)
class KLGradientAscent(ReferenceMethod):
    """`L = KL(original || model on preserve) - gamma CE(forget)` (Maini et al. 2024, "KL").

    Deviation: the divergence is taken on answer tokens only, and the original is run once; the published code takes it over prompt
    and padding too and runs the model twice.
    """

    gamma: float = 1.0
    """Weight of the forget term; 0 leaves the KL on what stays."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """KL on what stays minus gamma times CE on the forget answers."""
        kl = preserve_divergence(model, batch, reference)
        forget = answer_loss(answer_log_probs(model, batch.forget), batch.forget)
        return kl - self.gamma * forget, parts_of(preserve_kl=kl, forget_loss=forget)


@dataclass(frozen=True)
class WeightedGradientAscent(Method):
    """`L = CE(preserve) + gamma E[p_t^alpha ln p_t]` over forget tokens, weights without gradient (Wang et al. 2025, WGA).

    Likely tokens are pushed down first; a token that is forgotten stops pulling. Deviation: the paper's term is the second one; the retain
    term beside it is the run's own.
    """

    alpha: float = 1.0
    """Power of a token's probability in its weight, at least 0; 0 is GradDiff."""
    gamma: float = 1.0
    """Weight of the forget term; 0 leaves plain training on what stays."""

    def __post_init__(self) -> None:
        require(self.alpha >= 0, "alpha", "a number at least 0", self.alpha)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times the weighted log-likelihood."""
        preserve = preserve_loss(model, batch)
        tokens = token_log_probs(answer_log_probs(model, batch.forget), batch.forget)
        weight = (self.alpha * tokens.detach()).exp() * batch.forget.answer_mask
        value = (weight * tokens).sum() / batch.forget.answer_mask.sum()
        return preserve + self.gamma * value, parts_of(preserve_loss=preserve, weighted_likelihood=value)
