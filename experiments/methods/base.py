"""What a method is, and the batch it sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from torch import Tensor

from experiments.encoding import Encoded, answer_log_probs, answer_loss


class Batch:
    """One step's data; each part is made when a method first asks for it.

    `keep` must stay (retain and background), `retain` and `forget` are the two sides of marginal information, and
    `matched[i]` asks forget question i of a never-seen subject.
    """

    def __init__(
        self,
        keep: Callable[[], Encoded],
        retain: Callable[[], Encoded],
        forget: Callable[[], Encoded],
        matched: Callable[[], Encoded],
    ) -> None:
        self._makers = (keep, retain, forget, matched)

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


class Method(Protocol):
    """A training objective."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> tuple[Tensor, dict[str, float]]:
        """Scalar loss and the parts worth logging."""
        ...


def keep_loss(model: Any, batch: Batch) -> Tensor:
    """Cross-entropy on retain and background answers, nats a token."""
    return answer_loss(answer_log_probs(model, batch.keep), batch.keep)
