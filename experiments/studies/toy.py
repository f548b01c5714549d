"""The toy shared by studies: an original and an oracle in memory."""

from __future__ import annotations

from typing import Any

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import run_loop


class HeldModels:
    """Models by name, in memory."""

    def __init__(self, tokenizer: Any, models: dict[str, Any]) -> None:
        self.tokenizer, self.models = tokenizer, models

    def use(self, name: str) -> Any:
        """The named model, ready to score."""
        return self.models[name].eval()


def train_pair(tokenizer: Any, corpus: Corpus, steps: int) -> HeldModels:
    """`original` learns retain and forget answers by heart, `oracle` (another seed) retain only."""
    bank = HeldModels(tokenizer, {})
    for seed, (name, kept) in enumerate(
        (("original", [*corpus.retain, *corpus.forget]), ("oracle", list(corpus.retain)))
    ):
        model = tiny_model(len(tokenizer), seed=seed)
        settings = LoopSettings(steps, 3e-3, 128, 1, 128, 0.1, schedule="half-cosine", seed=seed)
        run_loop(model, tokenizer, corpus, kept, make_method("retain-only"), settings, evaluate=False, label=name)
        bank.models[name] = model
    return bank
