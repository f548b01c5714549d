"""The learning rate of training, from a pilot: the largest of a list that leaves running text as likely as before."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from experiments.config import RunConfig
from experiments.data.running_text import running_texts
from experiments.measures.memorisation import general_utility
from experiments.methods import make_method
from experiments.models.banks import open_bank
from experiments.seeds import seed_of
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.roles import trains_from_base
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require


@dataclass(frozen=True)
class Pilot:
    """What a pilot read."""

    base: float
    """Perplexity of the model before any fine-tuning."""
    perplexities: dict[str, float]
    """Rate -> perplexity of a model trained on what stays at this rate, from the largest rate on."""
    growth: float
    """Allowed, as a share of the base's."""

    @property
    def rate(self) -> float | None:
        """The largest rate within the allowed growth; None where none is."""
        good = [float(r) for r, value in self.perplexities.items() if value <= (1.0 + self.growth) * self.base]
        return max(good, default=None)


def choose_rate(config: RunConfig, run: Path) -> tuple[RunConfig, Pilot | None]:
    """The configuration with the pilot's rate, and what it read, kept in `pilot.json`; without a pilot, or with nothing to train from the
    base, the configuration as it is.

    The pilot trains on what stays, with a seed of its own, so that no forget answer decides. Raises `ArgumentError` where no rate is good.
    """
    plan = config.pilot
    if plan is None or not trains_from_base(config):
        return config, None
    require(config.model.kind == "adapter", "pilot", "a model that knew language before: model.kind adapter", "tiny")
    path = run / "pilot.json"
    if path.is_file():
        pilot = Pilot(**json.loads(path.read_text(encoding="utf-8")))
    else:
        pilot = _read(config, run)
        write_text(path, json.dumps(asdict(pilot)))
    if pilot.rate is None:
        read = ", ".join(f"{rate}: {value:.1f}" for rate, value in pilot.perplexities.items())
        raise ArgumentError("pilot.rates", f"one with perplexity within {plan.growth:.0%} of {pilot.base:.1f}", read)
    return config.model_copy(update={"train": config.train.changed({"lr": pilot.rate})}), pilot


def _read(config: RunConfig, run: Path) -> Pilot:
    plan, bank, corpus = config.pilot, open_bank(config, run), config.training_corpus()
    assert plan is not None
    texts = running_texts()
    base = general_utility(bank.use("base"), bank.tokenizer, texts).perplexity
    found: dict[str, float] = {}
    for rate in sorted(plan.rates, reverse=True):
        settings = config.train.changed({"lr": rate, "seed": seed_of(config.seed, "pilot") % 2**31})
        model = bank.fresh(settings.seed)
        task = Task(model, bank.tokenizer, corpus, corpus.retain, make_method("retain-only"))
        run_loop(task, settings, Watch(evaluate=False, label=f"pilot {rate:g}"))
        found[f"{rate:g}"] = value = general_utility(model, bank.tokenizer, texts).perplexity
        print(f"pilot: learning rate {rate:g}, perplexity {value:.1f} (base {base:.1f})", file=sys.stderr, flush=True)
        if value <= (1.0 + plan.growth) * base:
            break
    return Pilot(base, found, plan.growth)
