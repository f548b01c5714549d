"""Originals and oracles on toy corpora and on SmolLM2: trained once, read once, both kept in the run folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from experiments.config import CorpusConfig, MethodConfig, RunConfig, load_config
from experiments.labels import slug
from experiments.models.banks import open_bank
from experiments.studies.audits import finished_audit
from experiments.studies.base import Settings
from experiments.studies.blindness.readings import ORACLE, ORIGINAL, Readings, readings_from, stored_readings
from experiments.studies.blindness.signals import readings_of
from experiments.unlearning.roles import Oracle, Original, Role
from experiments.unlearning.train import train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

CORPORA: dict[str, dict[str, Any]] = {
    "one prior, one-token answers": {},
    "one prior, sentence answers": {"sentences": True},
    "forget set with its own prior": {"forget_skew": 0.7},
}
AUTHORS: dict[str, dict[str, Any]] = {
    "one prior": {},
    "its own prior": {"forget_skew": 3.0},
    "its own prior, bare answers": {"forget_skew": 3.0, "sentences": False},
}
"""SmolLM2's generated corpora: fewer authors than the toy's, so a sharper prior of the forget set."""


TOY_STEPS, QUICK_STEPS = 700, 40
"""Training steps of the toy's models."""


def toy_seeds(settings: Settings) -> range:
    """Seeds of corpus and models; a quick run needs two for an interval."""
    return range(2 if settings.quick else settings.count("seeds"))


def cached_readings(path: Path, make: Callable[[], Readings]) -> Readings:
    """Readings, measured once and kept beside the models."""
    if not path.is_file():
        write_text(path, json.dumps(stored_readings(make())))
    return readings_from(json.loads(path.read_text(encoding="utf-8")))


def config_of(corpus: dict[str, Any], seed: int, quick: bool, methods: list[MethodConfig]) -> RunConfig:
    """The calibrated toy with another corpus."""
    base = load_config("tiny", seed=100 + seed)
    return base.model_copy(
        update={
            "corpus": CorpusConfig(**{**base.corpus.model_dump(), **corpus}),
            "train": base.train.changed({"steps": QUICK_STEPS if quick else TOY_STEPS}),
            "unlearn": base.unlearn.changed({"steps": QUICK_STEPS // 2}) if quick else base.unlearn,
            "oracles": 2,
            "methods": methods,
        }
    )


def open_run(config: RunConfig, run: Path, roles: Sequence[Role]) -> Any:
    """Train what is missing; the run's models."""
    for part in ("models", "checkpoints"):
        (run / part).mkdir(parents=True, exist_ok=True)
    write_text(run / "config.yaml", config.dump())
    train_many(config, run, roles)
    return open_bank(config, run)


def measure_corpora(settings: Settings) -> dict[str, Any]:
    """Corpus -> seed -> model -> signal -> reading, on the toy."""
    points: dict[str, list[Any]] = {}
    for label, corpus in CORPORA.items():
        points[label] = []
        for seed in toy_seeds(settings):
            config = config_of(corpus, seed, settings.quick, [])
            run = settings.run / f"{slug(label)}-{seed}"
            bank = open_run(config, run, [Original(), Oracle(0)])
            readings = cached_readings(run / "readings.json", partial(readings_of, bank, config, [ORIGINAL, ORACLE]))
            points[label].append(stored_readings(readings))
    return {
        "seeds": len(toy_seeds(settings)),
        "steps": QUICK_STEPS if settings.quick else TOY_STEPS,
        "training_minutes": minutes_of(settings.run),
        "points": points,
    }


def measure_tofu(settings: Settings) -> dict[str, Any] | None:
    """The same signals at the original and the oracles of a finished audit of a real model: one corpus, no interval over seeds."""
    run = settings.folder("smollm2")
    audit = finished_audit(run)
    if audit is None:
        return None
    config = load_config("smollm2", run / "config.yaml")
    bank, corpus = open_bank(config, run), config.make_corpus()
    require(
        corpus.name == audit.corpus.name,
        "corpus",
        f"{audit.corpus.name}, which the run's models were trained on (set MARI_TOFU)",
        corpus.name,
    )
    names = [ORIGINAL, *(f"oracle-{k}" for k in range(config.oracle_count))]
    settings.run.mkdir(parents=True, exist_ok=True)
    readings = cached_readings(settings.run / "real-model.json", partial(readings_of, bank, config, names))
    sizes = {k: len(v) for k, v in corpus.splits().items()}
    return {"corpus": corpus.name, **sizes, "oracles": config.oracle_count, "readings": stored_readings(readings)}


def measure_authors(settings: Settings) -> dict[str, Any]:
    """The same on SmolLM2 with generated authors: once one prior, once a forget set with its own (the positive control)."""
    rows = {}
    for label, corpus in AUTHORS.items():
        base = load_config("smollm2", seed=0)
        config = base.model_copy(
            update={
                "corpus": CorpusConfig(**{"forget": 8, "retain": 16, "holdout": 8, "sentences": True, **corpus}),
                "train": base.train.changed({"steps": 60, "batch_retain": 16, "batch_background": 8, "max_answer": 14}),
                "unlearn": base.unlearn.changed({"max_answer": 14}),
                "oracles": 2,
                "methods": [],
            }
        )
        run = settings.run / f"smollm2-{slug(label)}"
        bank = open_run(config, run, [Original(), Oracle(0)])
        readings = cached_readings(run / "readings.json", partial(readings_of, bank, config, [ORIGINAL, ORACLE]))
        rows[label] = stored_readings(readings)
    return {"training_minutes": minutes_of(settings.run), "readings": rows}


def minutes_of(run: Path) -> float:
    """How long training took: the toy's models two at a time, SmolLM2's one after another."""
    seconds = 0.0
    for record in run.glob("*/models/*.json"):
        at_once = 1 if record.parent.parent.name.startswith("smollm2") else 2
        seconds += json.loads(record.read_text(encoding="utf-8"))["seconds"] / at_once
    return seconds / 60
