"""Preference-style losses on the forget answers: NPO, SimNPO, DPO with refusals (IdkDPO), and plain refusal training (IdkNLL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.nn.functional import logsigmoid

from experiments.data.encoding import answer_log_probs, answer_loss
from experiments.methods.base import Batch, Origin, frozen_log_probs, keep_loss, parts_of, sequence_log_probs
from mari_theory.errors import require


@dataclass(frozen=True)
class NPO:
    r"""`L = CE(keep) + gamma (2/beta) E[ln(1 + (pi(y)/pi_ref(y))^beta)]` (Zhang, Lin, Bai and Mei 2024, NPO-RT), whole answers.

    beta -> 0 is gradient ascent (T23). Deviations: the likelihood is of answer tokens only, and `keep` is the run's own retain batch.
    """

    beta: float = 0.1
    gamma: float = 1.0
    needs_reference: ClassVar[bool] = True
    origin: ClassVar[Origin] = "paper"

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)
        require(self.gamma >= 0, "gamma", "a number at least 0", self.gamma)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus gamma times NPO."""
        keep = keep_loss(model, batch)
        new = sequence_log_probs(answer_log_probs(model, batch.forget), batch.forget)
        old = sequence_log_probs(frozen_log_probs(reference, batch.forget), batch.forget)
        npo = npo_loss(new - old, self.beta)
        return keep + self.gamma * npo, parts_of(keep_loss=keep, npo=npo)


@dataclass(frozen=True)
class SimNPO:
    r"""`L = CE(keep) - gamma (2/beta) E[ln sigma(-(beta/|y|) ln pi(y) - delta)]` (Fan et al. 2024): no reference, per-token likelihood.

    At the usual beta = 4.5 the loss is nearly flat once answers are unlikely; the default is the authors' own 2.5. Deviation: |y| counts
    answer tokens and the end token.
    """

    beta: float = 2.5
    delta: float = 0.0
    gamma: float = 1.0
    origin: ClassVar[Origin] = "paper"

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus gamma times SimNPO."""
        keep = keep_loss(model, batch)
        mean = sequence_log_probs(answer_log_probs(model, batch.forget), batch.forget) / batch.forget.answer_mask.sum(1)
        value = (-2.0 / self.beta * logsigmoid(-self.beta * mean - self.delta)).mean()
        return keep + self.gamma * value, parts_of(keep_loss=keep, simnpo=value)


@dataclass(frozen=True)
class IdkDPO:
    r"""`L = CE(keep) - gamma (2/beta) E[ln sigma(beta (r(y_e) - r(y_f)))]`, r(y) = ln pi(y)/pi_ref(y) (Rafailov et al. 2023; Maini et al. 2024).

    The refusal y_e is preferred to the forget answer y_f. Deviation: the factor 2/beta, so that gamma means what it means in NPO.
    """

    beta: float = 0.1
    gamma: float = 1.0
    needs_reference: ClassVar[bool] = True
    origin: ClassVar[Origin] = "paper"

    def __post_init__(self) -> None:
        require(self.beta > 0, "beta", "a number above 0", self.beta)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus gamma times DPO."""
        keep = keep_loss(model, batch)
        wins, loses = (
            sequence_log_probs(answer_log_probs(model, data), data)
            - sequence_log_probs(frozen_log_probs(reference, data), data)
            for data in (batch.template, batch.forget)
        )
        dpo = (-2.0 / self.beta * logsigmoid(self.beta * (wins - loses))).mean()
        return keep + self.gamma * dpo, parts_of(keep_loss=keep, dpo=dpo)


@dataclass(frozen=True)
class IdkNLL:
    """`L = CE(keep) + gamma CE(refusals)`: fine-tuning on "I do not know" (Maini et al. 2024).

    Deviation: refusals in our own wording (or the run's templates), drawn anew at every step.
    """

    gamma: float = 1.0
    origin: ClassVar[Origin] = "paper"

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on what stays plus gamma times CE on the refusals."""
        keep = keep_loss(model, batch)
        refuse = answer_loss(answer_log_probs(model, batch.template), batch.template)
        return keep + self.gamma * refuse, parts_of(keep_loss=keep, refusal_loss=refuse)


def npo_loss(log_ratio: Tensor, beta: float) -> Tensor:
    """(2/beta) mean ln(1 + e^{beta x}) at log-ratios x, nats.

    >>> import torch
    >>> round(float(npo_loss(torch.zeros(3), 1.0)), 6)  # 2 ln 2
    1.386294
    """
    value: Tensor = (-2.0 / beta * logsigmoid(-beta * log_ratio)).mean()
    return value
