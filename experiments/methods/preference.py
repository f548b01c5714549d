"""Preference-style losses on the forget answers: NPO, SimNPO, DPO with refusals (IdkDPO), and plain refusal training (IdkNLL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import logsigmoid

from experiments.data.encoding import answer_log_probs, answer_loss
from experiments.methods.base import (
    Batch,
    Loss,
    Method,
    ReferenceMethod,
    frozen_log_probs,
    parts_of,
    preserve_loss,
    sequence_log_probs,
)
from mari_theory.errors import require


@dataclass(frozen=True)
class NPO(ReferenceMethod):
    r"""`L = CE(preserve) + gamma (2/beta) E[ln(1 + (pi(y)/pi_ref(y))^beta)]` (Zhang, Lin, Bai and Mei 2024, NPO-RT), whole answers.

    Deviations: the likelihood is of answer tokens only, and `preserve` is the run's own retain batch.
    """

    beta: float = 0.1
    """Inverse temperature, above 0; towards 0 it is gradient ascent (T23)."""
    gamma: float = 1.0
    """Weight of the forget term, at least 0."""

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)
        require(self.gamma >= 0, "gamma", "a number at least 0", self.gamma)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times NPO."""
        preserve = preserve_loss(model, batch)
        new = sequence_log_probs(answer_log_probs(model, batch.forget), batch.forget)
        old = sequence_log_probs(frozen_log_probs(reference, batch.forget), batch.forget)
        npo = npo_loss(new - old, self.beta)
        return preserve + self.gamma * npo, parts_of(preserve_loss=preserve, npo=npo)


@dataclass(frozen=True)
class SimNPO(Method):
    r"""`L = CE(preserve) - gamma (2/beta) E[ln sigma(-(beta/|y|) ln pi(y) - delta)]` (Fan et al. 2024): no reference, per-token likelihood.

    Deviation: |y| counts answer tokens and the end token. The margin stands outside beta: OpenUnlearning's code takes beta (m + delta), so
    its delta is ours over beta.
    """

    beta: float = 2.5
    """Above 0; the default is the authors' own. At the usual 4.5 the loss is nearly flat once answers are unlikely."""
    delta: float = 0.0
    """Margin: the larger, the further the likelihood of a forget answer has to fall."""
    gamma: float = 1.0
    """Weight of the forget term."""

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times SimNPO."""
        preserve = preserve_loss(model, batch)
        mean = sequence_log_probs(answer_log_probs(model, batch.forget), batch.forget) / batch.forget.answer_mask.sum(1)
        value = (-2.0 / self.beta * logsigmoid(-self.beta * mean - self.delta)).mean()
        return preserve + self.gamma * value, parts_of(preserve_loss=preserve, simnpo=value)


@dataclass(frozen=True)
class IdkDPO(ReferenceMethod):
    r"""`L = CE(preserve) - gamma (2/beta) E[ln sigma(beta (r(y_e) - r(y_f)))]`, r(y) = ln pi(y)/pi_ref(y) (Rafailov et al. 2023; Maini et al. 2024).

    The refusal y_e is preferred to the forget answer y_f. Deviation: the factor 2/beta, so that gamma means what it means in NPO.
    """

    beta: float = 0.1
    """Inverse temperature, above 0."""
    gamma: float = 1.0
    """Weight of the forget term."""

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times DPO."""
        preserve = preserve_loss(model, batch)
        wins, loses = (
            sequence_log_probs(answer_log_probs(model, data), data)
            - sequence_log_probs(frozen_log_probs(reference, data), data)
            for data in (batch.template, batch.forget)
        )
        dpo = (-2.0 / self.beta * logsigmoid(self.beta * (wins - loses))).mean()
        return preserve + self.gamma * dpo, parts_of(preserve_loss=preserve, dpo=dpo)


@dataclass(frozen=True)
class IdkNLL(Method):
    """`L = CE(preserve) + gamma CE(refusals)`: fine-tuning on "I do not know" (Maini et al. 2024).

    Deviation: refusals in our own wording (or the run's templates), drawn anew at every step.
    """

    gamma: float = 1.0
    """Weight of the refusals; 0 leaves plain training on what stays."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times CE on the refusals."""
        preserve = preserve_loss(model, batch)
        refuse = answer_loss(answer_log_probs(model, batch.template), batch.template)
        return preserve + self.gamma * refuse, parts_of(preserve_loss=preserve, refusal_loss=refuse)


def npo_loss(log_ratio: Tensor, beta: float) -> Tensor:
    """(2/beta) mean ln(1 + e^{beta x}) at log-ratios x, nats.

    >>> import torch
    >>> round(float(npo_loss(torch.zeros(3), 1.0)), 6)  # 2 ln 2
    1.386294
    """
    value: Tensor = (-2.0 / beta * logsigmoid(-beta * log_ratio)).mean()
    return value
