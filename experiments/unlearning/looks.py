"""Looks at a model along its run: what is logged, and the rules that end a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.config import LoopSettings
from experiments.data.encoding import encode
from experiments.data.items import Corpus
from experiments.models.passes import full_pass
from experiments.unlearning.batches import pick
from experiments.unlearning.checkpoint import LoopResult, Running
from experiments.unlearning.reason import Reason
from mari_theory import marginal_information


class Looks:
    """A fixed sample of each split, encoded once."""

    def __init__(self, tokenizer: Any, corpus: Corpus, settings: LoopSettings) -> None:
        self.settings = settings
        self.samples = {}
        for name, items in corpus.splits().items():
            if items:
                order = pick(settings.seed, 9, 0, min(settings.evaluate_items, len(items)), len(items))
                self.samples[name] = encode(tokenizer, [items[i] for i in order], settings.max_answer)

    def log(self, model: Any, step: int, result: LoopResult, running: Running) -> None:
        """Add one row to the history."""
        model.eval()
        small = model.get_input_embeddings().weight.shape[0] < 4096
        passes = {name: full_pass(model, data, 512 if small else 64) for name, data in self.samples.items()}
        row = {f"{name}_loss": of_split.loss for name, of_split in passes.items()}
        row |= {f"{name}_accuracy": of_split.accuracy for name, of_split in passes.items()}
        retain, forget = passes["retain"].law, passes["forget"].law
        share = len(self.samples["forget"]) / (len(self.samples["forget"]) + len(self.samples["retain"]))
        row |= {"step": float(step), "marginal_information": float(marginal_information(retain, forget, share))}
        row |= running.take()
        result.history.append(row)
        model.train()

    def reason_to_stop(self, history: Sequence[dict[str, float]]) -> Reason | None:
        """The rule that ends the run at its last look, if any does."""
        s, row = self.settings, history[-1]
        if s.stop_at_holdout and row["forget_loss"] >= row["holdout_loss"]:
            return Reason.FORGET_LOSS
        if s.stop_accuracy_drop is not None:
            start = history[0]["holdout_accuracy"] if s.accuracy_start is None else s.accuracy_start
            if row["holdout_accuracy"] < (1.0 - s.stop_accuracy_drop) * start:
                return Reason.HOLDOUT_ACCURACY
        return None
