"""What a method is, and the batch it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from experiments.data.encoding import Encoded, answer_log_probs, answer_loss, token_log_probs
from experiments.data.items import Item
from mari_theory.errors import require


class Batch:
    """One step's data; each part is made when a method first asks for it.

    `keep` must stay (retain and background), `retain` and `forget` are the two sides of marginal information,
    `matched[i]` asks forget question i of a never-seen subject, `template[i]` answers it with a refusal.
    """

    def __init__(
        self,
        keep: Callable[[], Encoded],
        retain: Callable[[], Encoded],
        forget: Callable[[], Encoded],
        matched: Callable[[], Encoded],
        template: Callable[[], Encoded],
        forget_items: Sequence[Item] = (),
    ) -> None:
        self._makers = (keep, retain, forget, matched, template)
        self.forget_items = list(forget_items)

    @cached_property
    def keep(self) -> Encoded:
        """Retain and background items."""
        return self._makers[0]()

    @cached_property
    def retain(self) -> Encoded:
        """Retain items."""
        return self._makers[1]()

    @cached_property
    def forget(self) -> Encoded:
        """Forget items."""
        return self._makers[2]()

    @cached_property
    def matched(self) -> Encoded:
        """The forget questions about never-seen subjects."""
        return self._makers[3]()

    @cached_property
    def template(self) -> Encoded:
        """The forget questions answered with a refusal."""
        return self._makers[4]()


Origin = Literal["paper", "released code", "ours"]
"""`paper`: the objective as its paper states it, up to the deviations in the docstring; `released code`: as its authors' code computes
it where that differs; `ours`: an objective of this library."""


class Method(Protocol):
    """A training objective. One that compares with the original model sets `needs_reference`."""

    @property
    def origin(self) -> Origin:
        """Where the objective comes from at these settings."""
        ...

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """Scalar loss and the parts worth logging."""
        ...


def needs_reference(method: Method) -> bool:
    """Does the loss read the original model?"""
    return bool(getattr(method, "needs_reference", False))


def reference_name(method: Method) -> str:
    """`original`, or `base` for a method whose reference is the model before fine-tuning."""
    return str(getattr(method, "reference_name", "original"))


def keep_loss(model: Any, batch: Batch) -> Tensor:
    """Cross-entropy on retain and background answers, nats a token."""
    return answer_loss(answer_log_probs(model, batch.keep), batch.keep)


def keep_divergence(model: Any, batch: Batch, reference: Any) -> Tensor:
    """KL(original || model) on the answer positions of retain and background items, mean nats a token."""
    old = frozen_log_probs(reference, batch.keep)
    new = answer_log_probs(model, batch.keep)
    per_token = (old.exp() * (old - new)).sum(-1)
    return (per_token * batch.keep.answer_mask).sum() / batch.keep.answer_mask.sum()


def keep_term(kind: str, model: Any, batch: Batch, reference: Any) -> Tensor:
    """`cross-entropy` on what stays, or `kl` to the original there."""
    return keep_loss(model, batch) if kind == "cross-entropy" else keep_divergence(model, batch, reference)


def frozen_log_probs(reference: Any, data: Encoded) -> Tensor:
    """The original model's next-token log-probabilities at answer positions, no gradient."""
    require(reference is not None, "reference", "the original model", None)
    with torch.no_grad():
        return answer_log_probs(reference, data)


def sequence_log_probs(log_probs: Tensor, data: Encoded) -> Tensor:
    """Log-likelihood of each whole answer, nats, shape (items,)."""
    return token_log_probs(log_probs, data).sum(1)


def parts_of(**values: Tensor) -> dict[str, float]:
    """Plain numbers for the log."""
    return {k: float(v.detach()) for k, v in values.items()}
