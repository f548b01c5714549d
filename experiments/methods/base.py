"""What an unlearning method is: every hook the loop knows, and the batch a loss sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from experiments.data.encoding import Encoded, answer_log_probs, answer_loss, token_log_probs
from experiments.data.items import Corpus, Item
from mari_theory.errors import require

Loss = tuple[Tensor, dict[str, float]]
"""A scalar to minimise, and its parts worth logging."""

MatchSource = Literal["name", "holdout", "base"]
"""Where the other side of a matched pair comes from: a made-up name, a never-trained item, or the model before fine-tuning."""


Origin = Literal["paper", "released code", "ours"]
"""`paper`: the objective as its paper states it, up to the deviations in the docstring; `released code`: as its authors' code computes
it where that differs; `ours`: an objective of this library."""


class Reference(StrEnum):
    """Which frozen model a loss reads beside the one it changes."""

    NONE = "none"
    ORIGINAL = "original"
    """The model unlearning starts from."""
    BASE = "base"
    """The model before it was fine-tuned on anything."""


class Batch:
    """One step's data; each part is encoded when a method first asks for it.

    `matched[i]` asks forget question i of a never-seen subject, `template[i]` answers it with a refusal.
    """

    def __init__(
        self,
        preserve: Callable[[], Encoded],
        retain: Callable[[], Encoded],
        forget: Callable[[], Encoded],
        matched: Callable[[], Encoded],
        template: Callable[[], Encoded],
        forget_items: Sequence[Item] = (),
    ) -> None:
        self._encode = {
            "preserve": preserve,
            "retain": retain,
            "forget": forget,
            "matched": matched,
            "template": template,
        }
        self.forget_items = list(forget_items)

    def to(self, device: Any) -> Batch:
        """The same data, encoded on a device."""
        parts = {name: lambda part=part: part().to(device) for name, part in self._encode.items()}
        return Batch(**parts, forget_items=self.forget_items)

    @cached_property
    def preserve(self) -> Encoded:
        """What must stay as it is: retain and background items."""
        return self._encode["preserve"]()

    @cached_property
    def retain(self) -> Encoded:
        """Retain items, one side of marginal information."""
        return self._encode["retain"]()

    @cached_property
    def forget(self) -> Encoded:
        """Forget items, its other side."""
        return self._encode["forget"]()

    @cached_property
    def matched(self) -> Encoded:
        """The forget questions about never-seen subjects."""
        return self._encode["matched"]()

    @cached_property
    def template(self) -> Encoded:
        """The forget questions answered with a refusal."""
        return self._encode["template"]()


class Objective(torch.nn.Module):  # type: ignore[misc]
    """What is minimised in one run: it may hold parameters, trained beside the model, and a memory, saved with every checkpoint."""

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        """The loss of this step."""
        raise NotImplementedError

    def edit(self, weights: Mapping[str, Tensor], reference: Any, step: int, last: bool) -> bool:
        """Called without gradient before every step and, as `last`, after them: it may change the trained weights.

        True: the optimiser forgets what it has seen.
        """
        return False

    def memory(self) -> dict[str, Tensor]:
        """What a killed run needs to go on as if it had not been killed, parameters aside."""
        return {}

    def recall(self, memory: dict[str, Tensor]) -> None:
        """Take back what `memory` gave."""


class Method(Protocol):
    """An unlearning method: frozen settings, and the hooks below. A subclass defines `loss`, or `begin` where a run has a state of its own."""

    @property
    def reference(self) -> Reference:
        """The frozen model its loss reads; none unless said."""
        return Reference.NONE

    @property
    def origin(self) -> Origin:
        """Where the objective comes from at these settings; every table of methods says it."""
        return "paper"

    @property
    def retain_term(self) -> bool:
        """Does the loss hold what stays (the field's names then end in RT)?"""
        return True

    @property
    def loss_is_all(self) -> bool:
        """Is a run of it nothing but steps down its loss, so that any training loop can do it?"""
        return type(self).begin is Method.begin

    @property
    def match_source(self) -> MatchSource | None:
        """Where `batch.matched` comes from, for a method that reads it or another reference of the same question."""
        return None

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """The loss of one batch; `reference` is the frozen model that the property of this name asks for."""
        raise NotImplementedError

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> Objective:
        """The objective of one run: `loss` at every step, unless the method has more to remember."""
        return _EveryStep(self)


class _EveryStep(Objective):
    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        return self.method.loss(model, batch, reference)


class ReferenceMethod(Method, Protocol):
    """A method whose loss reads the original."""

    @property
    def reference(self) -> Reference:
        """The original."""
        return Reference.ORIGINAL


def preserve_loss(model: Any, batch: Batch) -> Tensor:
    """Cross-entropy on retain and background answers, nats a token."""
    return answer_loss(answer_log_probs(model, batch.preserve), batch.preserve)


def preserve_divergence(model: Any, batch: Batch, reference: Any, from_model: bool = False) -> Tensor:
    """KL(original || model) on the answer positions of retain and background items, mean nats a token; or KL(model || original)."""
    old = frozen_log_probs(reference, batch.preserve)
    new = answer_log_probs(model, batch.preserve)
    per_token = (new.exp() * (new - old)).sum(-1) if from_model else (old.exp() * (old - new)).sum(-1)
    return (per_token * batch.preserve.answer_mask).sum() / batch.preserve.answer_mask.sum()


def frozen_log_probs(reference: Any, data: Encoded) -> Tensor:
    """The reference's next-token log-probabilities at answer positions, no gradient."""
    require(reference is not None, "reference", "the original model", None)
    with torch.no_grad():
        return answer_log_probs(reference, data)


def sequence_log_probs(log_probs: Tensor, data: Encoded) -> Tensor:
    """Log-likelihood of each whole answer, nats, shape (items,)."""
    return token_log_probs(log_probs, data).sum(1)


def parts_of(**values: Tensor) -> dict[str, float]:
    """Plain numbers for the log."""
    return {k: float(v.detach()) for k, v in values.items()}
