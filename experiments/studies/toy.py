"""The toy shared by studies: an original and an oracle in memory."""

from __future__ import annotations

from typing import Any

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.models.banks import HeldModels
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop


def train_pair(tokenizer: Any, corpus: Corpus, steps: int) -> HeldModels:
    """`original` learns retain and forget answers by heart, `oracle` (another seed) retain only."""
    bank = HeldModels(tokenizer, {})
    for seed, (name, items) in enumerate(
        (("original", [*corpus.retain, *corpus.forget]), ("oracle", list(corpus.retain)))
    ):
        model = tiny_model(len(tokenizer), seed=seed)
        settings = LoopSettings(steps, 3e-3, 128, 1, 128, 0.1, schedule="half-cosine", seed=seed)
        task = Task(model, tokenizer, corpus, items, make_method("retain-only"))
        run_loop(task, settings, Watch(evaluate=False, label=name))
        bank.models[name] = model
    return bank
