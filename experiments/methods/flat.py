"""FLAT (Wang et al., ICLR 2025): an f-divergence between template answers and forget answers, forget data only (T21)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from experiments.data.encoding import Encoded, answer_log_probs, token_log_probs
from experiments.methods.base import Batch, Loss, Method, Origin, parts_of, preserve_loss
from mari_theory.errors import require
from mari_theory.fenchel import FENCHEL, fenchel

OPPOSITE_SIGN = ("reverse-kl", "squared-hellinger", "neyman")
"""Divergences whose activation has the other sign in the released code."""


@dataclass(frozen=True)
class FLAT(Method):
    r"""`L = -(E[g*(P(y_e))] - E[f*(g*(P(y_f)))]) + mu CE(preserve)` with y_e a refusal and y_f the forget answer.

    P is the arithmetic mean of the answer's token probabilities (`mode="paper"`: an item at a time). `mode="official"` follows the
    released code: masked positions count as zeros (the mean runs over the padded length less one) and the batch is averaged
    before g* and f*; its Neyman pair applies f* to the raw mean. For reverse KL, squared Hellinger and Neyman the released activations
    have the opposite sign, so that they push the template down; there `official` keeps the paper's sign. Deviations: refusals in our own wording (or the run's templates),
    drawn anew at every step, and the weight `gamma`.

    >>> FLAT().divergence
    'total-variation'
    """

    divergence: str = "total-variation"
    """One of the eight of `mari_theory.fenchel`."""
    mode: str = "paper"
    """`paper`, or `official`: as the released code computes it."""
    retain_weight: float = 0.0
    """mu, at least 0: 0 is the paper's method, above 0 the variant with a retain term (`flat-retain`), ours."""
    gamma: float = 1.0
    """Weight of the divergence, at least 0."""

    def __post_init__(self) -> None:
        require(self.divergence in FENCHEL, "divergence", ", ".join(FENCHEL), self.divergence)
        require(self.mode in ("paper", "official"), "mode", "paper or official", self.mode)
        require(self.retain_weight >= 0, "retain_weight", "a number at least 0", self.retain_weight)
        require(self.gamma >= 0, "gamma", "a number at least 0", self.gamma)

    @property
    def origin(self) -> Origin:
        """The retain term is ours; without it the mode decides."""
        if self.retain_weight > 0:
            return "ours"
        as_released = self.mode == "official" and self.divergence not in OPPOSITE_SIGN
        return "released code" if as_released else "ours" if self.mode == "official" else "paper"

    @property
    def retain_term(self) -> bool:
        """Where it has a weight."""
        return self.retain_weight > 0

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """gamma times the objective, plus the retain term if there is one."""
        template, forget = (self.probability(model, data) for data in (batch.template, batch.forget))
        value = flat_objective(template, forget, self.divergence, self.mode).mean()
        parts = {"template_probability": template.mean(), "forget_probability": forget.mean()}
        if self.retain_weight == 0:
            return self.gamma * value, parts_of(**parts)
        preserve = preserve_loss(model, batch)
        return self.gamma * value + self.retain_weight * preserve, parts_of(preserve_loss=preserve, **parts)

    def probability(self, model: Any, data: Encoded) -> Tensor:
        """Mean token probability, an item each (paper) or one number for the batch (official)."""
        tokens = token_log_probs(answer_log_probs(model, data), data).exp() * data.answer_mask
        if self.mode == "paper":
            return tokens.sum(1) / data.answer_mask.sum(1)
        return tokens.sum() / (len(data) * (data.input_ids.shape[1] - 1))


def flat_objective(template: Tensor, forget: Tensor, divergence: str, mode: str = "paper") -> Tensor:
    """-(g*(e) - f*(g*(u))) at mean probabilities e of the template and u of the forget answer.

    >>> import torch
    >>> float(flat_objective(torch.tensor(1.0, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64), "pearson"))
    -1.0
    """
    pair = fenchel(divergence)
    critic = forget if mode == "official" and divergence == "neyman" else pair.activation(forget)
    value: Tensor = pair.conjugate(critic) - pair.activation(template)
    return value
