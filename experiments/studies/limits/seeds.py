"""The toy of one seed: its models, what is made of them, and the exact certificate of any of them against a retraining."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from estimators.certify import certify_files
from experiments.config import MethodConfig, RunConfig, load_config
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus, Item
from experiments.labels import slug
from experiments.measures.enumeration import enumerated_places
from experiments.measures.excess import exact_excess
from experiments.measures.items import item_scores
from experiments.measures.laws import REST, option_columns
from experiments.methods.base import Method
from experiments.methods.distillation import UNDIAL
from experiments.models.banks import HeldModels, open_bank
from experiments.models.load import quiet, weight_hash
from experiments.processes import one_thread_processes
from experiments.studies.base import Settings
from experiments.studies.limits.readings import Reading
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.roles import roles_of
from experiments.unlearning.train import train_many
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.option_files import write_options

ASCENT, NPO, MATCHED = "gradient ascent", "NPO", "MarI matched"
UNLEARNED = (
    MethodConfig(label=ASCENT, name="gradient-ascent", loop={"lr": 1e-4, "stop_at_holdout": True}),
    MethodConfig(label=NPO, name="npo", settings={"gamma": 0.01}, loop={"stop_at_holdout": True}),
    MethodConfig(label=MATCHED, name="mari-matched", settings={"penalty": 10.0, "match_mean": 0.5}),
)
"""The preset's ascent, and what `mari study methods` selected on this toy."""
ORIGINAL, TWIN, ORACLE = "original", "oracle-0", "oracle-1"
"""The model that knows everything, the retraining that gives the floor, and the one that models are certified against."""


FEWER = 12
"""In a quick run one prompt of so many is certified: the laws of models that have learnt little have many options."""
IMITATION = UNDIAL(beta=0.0, gamma=10.0)
"""Teaches the laws of the reference, here a retraining's, on the answers to forget questions."""


@dataclass(frozen=True)
class Toy:
    """Models and data of one seed, kept in a run folder."""

    config: RunConfig
    """The preset `tiny` with fewer authors."""
    folder: Path
    """Where models, evidence and certificates are."""
    quick: bool
    """Few steps and prompts."""
    made: dict[tuple[str, str], Certificate] = field(default_factory=dict)
    """Certificates by model and prompts."""

    @cached_property
    def bank(self) -> HeldModels:
        """Original, two retrainings and every unlearned model; whatever a section makes of them joins them."""
        for part in ("models", "checkpoints", "scores", "certificates"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        roles, kept = roles_of(self.config), open_bank(self.config, self.folder)
        train_many(self.config, self.folder, [r for r in roles if not kept.has(slug(r.name))])
        return HeldModels(kept.tokenizer, {r.name: kept.use(slug(r.name)) for r in roles})

    @cached_property
    def corpus(self) -> Corpus:
        """As training sees it."""
        return self.config.training_corpus()

    def change(
        self, name: str, start: str, task: tuple[Method, Corpus, Sequence[Item]], steps: int, seed: int = 0
    ) -> int:
        """Make the named model of another: method, corpus and what is learnt beside what stays; returns the steps, few in a quick run."""
        own = self.config.unlearn
        settings = own.changed({"steps": own.steps if self.quick else steps, "seed": seed})
        out, (method, corpus, more) = copy.deepcopy(self.bank.models[start]).requires_grad_(True), task
        both = [*corpus.retain, *more]
        run_loop(
            Task(out, self.bank.tokenizer, corpus, both, method, self.bank.use(ORACLE)), settings, Watch(evaluate=False)
        )
        self.bank.models[name] = out
        return settings.steps

    def certificate(self, name: str, items: Sequence[Item], prompts: str) -> Certificate:
        """Of every output of the named model to these prompts against the oracle's; `prompts` is what they are called, made once."""
        if (name, prompts) in self.made:
            return self.made[name, prompts]
        items, path = (
            items[:: FEWER if self.quick else 1],
            self.folder / "scores" / f"{slug(name)}-{slug(prompts)}.parquet",
        )
        names = [(f"{prompts}-{k}", i.owner) for k, i in enumerate(items)]
        places = enumerated_places(self.bank, [ORACLE, name], self.tokens(items), names)
        metadata = {
            "pair": "oracle",
            "access": "one-output",
            "channel": "whole outputs of at most 2 tokens",
            "rest": REST,
            "design": "complete",
            "prompts": {"name": prompts, "count": len(items)},
            **{arm: {n: weight_hash(self.bank.use(n))} for arm, n in (("arm_p", ORACLE), ("arm_q", name))},
        }
        write_options(path, option_columns(places, ([ORACLE], [name])), metadata)
        level, margin = self.config.confidence, self.config.margin
        out = certify_files([path], confidence=level, margin=margin, simultaneous=True)
        out.save(self.folder / "certificates" / f"{path.stem}.json")
        self.made[name, prompts] = out
        return out

    def reading(self, name: str, items: Sequence[Item], prompts: str) -> Reading:
        """The certificate on these items beside the floor of two retrainings on the same, and the true answers to them."""
        own, floor = (self.certificate(n, items, prompts) for n in (name, TWIN))
        beyond = exact_excess(own, floor, self.config.margin)
        assert own.owners is not None
        exact = self.accuracy(self.bank.use(name), items)
        return Reading(own.claim.upper, own.owners.worst_upper, beyond.upper, beyond.verdict, exact)

    def asked(self, items: Sequence[Item]) -> Sequence[Item]:
        """Those whose prompts are certified."""
        return items[:: FEWER if self.quick else 1]

    def tokens(self, items: Sequence[Item]) -> list[list[int]]:
        """Of the prompts."""
        return many_prompt_ids(self.bank.tokenizer, [i.prompt for i in items])

    def accuracy(self, model: Any, items: Sequence[Item]) -> float:
        """Share of the items whose answer a model knows."""
        return float(item_scores(model, self.bank.tokenizer, items).exact.mean())


def toy(run: Path, seed: int, quick: bool) -> Toy:
    """The toy of a seed, half of the preset's size."""
    base = load_config("tiny", seed=300 + seed, oracles=2, workers=1)
    sizes = {"forget": 4, "retain": 6, "holdout": 4} if quick else {"forget": 16, "retain": 32, "holdout": 32}
    size, training, unlearning = (16, 30, 5) if quick else (64, 700, 150)
    batches = {"batch_retain": size, "batch_background": size}
    changes = {
        "corpus": base.corpus.model_copy(update=sizes),
        "train": base.train.changed({**batches, "steps": training}),
        "unlearn": base.unlearn.changed({**batches, "batch_forget": size // 2, "steps": unlearning}),
        "methods": list(UNLEARNED),
    }
    return Toy(base.model_copy(update=changes), run / f"seed-{seed}", quick)


def each_seed(measure: Callable[[Toy], dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """What a section measures, seed by seed, two at a time in a process with one thread each; and what the page says of the toys."""
    seeds = range(2 if settings.quick else settings.count("seeds"))
    work = partial(_of_seed, measure, settings.run, settings.quick)
    if settings.quick:
        found = [work(k) for k in seeds]
    else:
        with one_thread_processes() as workers:
            found = list(workers.map(work, seeds))
    c = toy(settings.run, 0, settings.quick).config
    setup = {"forget": c.corpus.forget, "retain": c.corpus.retain, "steps": c.train.steps, "margin": c.margin}
    return {"setup": setup, "seeds": found}


def _of_seed(measure: Callable[[Toy], dict[str, Any]], run: Path, quick: bool, seed: int) -> dict[str, Any]:
    quiet()
    return measure(toy(run, seed, quick))
