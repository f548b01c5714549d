"""The control: fine-tuning on the data that stays. Every method is read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from experiments.methods.base import Batch, Origin, keep_loss, parts_of


@dataclass(frozen=True)
class RetainOnly:
    """Cross-entropy on retain and background answers, nothing on the forget set: `L = CE(keep)`.

    Forgets by drift alone (the fine-tuning baseline of Golatkar, Achille and Soatto 2020; no deviation). A method that does no better
    for equal steps has shown nothing.
    """

    origin: ClassVar[Origin] = "paper"

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """CE on `batch.keep`."""
        loss = keep_loss(model, batch)
        return loss, parts_of(keep_loss=loss)
