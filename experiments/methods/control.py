"""The control: fine-tuning on the data that stays. Every method is read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.methods.base import Batch, Loss, Method, parts_of, preserve_loss


@dataclass(frozen=True)
class RetainOnly(Method):
    """Cross-entropy on retain and background answers, nothing on the forget set: `L = CE(preserve)`.

    Forgets by drift alone (the fine-tuning baseline of Golatkar, Achille and Soatto 2020; no deviation). A method that does no better
    for equal steps has shown nothing.
    """

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on `batch.preserve`."""
        loss = preserve_loss(model, batch)
        return loss, parts_of(preserve_loss=loss)
