"""Models by name."""

from __future__ import annotations

from typing import Any, Protocol


class ModelBank(Protocol):
    """Models by name. The object from `use` is valid until the next call: adapters share one base."""

    tokenizer: Any

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode."""
        ...
