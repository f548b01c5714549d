"""The penalty itself at three batch sizes: does it forget through its finite-sample bias?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config import MethodConfig, RunConfig
from experiments.data.encoding import many_prompt_ids
from experiments.labels import slug
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores
from experiments.studies.base import Settings
from experiments.studies.blindness.batch_page import BANKED, CONTROL, DEBIASED, PENALTY
from experiments.studies.blindness.corpora import CORPORA, config_of, minutes_of, open_run, toy_seeds
from experiments.studies.blindness.readings import ORACLE
from experiments.studies.blindness.signals import pooled_reading, set_laws
from experiments.unlearning.roles import Oracle, Original, entries_of
from mari_theory.certificates.files import write_text

BATCHES = {"16 + 8": (16, 8), "96 + 48": (96, 48), "192 + 192": (192, 192)}
"""Retain and forget items a step."""
WEIGHT, BANK = 10.0, 15
OBJECTIVES: dict[str, tuple[str, dict[str, Any]]] = {
    CONTROL: ("retain-only", {}),
    PENALTY: ("mari-pooled", {"penalty": WEIGHT}),
    DEBIASED: ("mari-pooled", {"penalty": WEIGHT, "debiased": True}),
    BANKED: ("mari-pooled", {"penalty": WEIGHT, "bank": BANK}),
}


def batch_methods() -> list[MethodConfig]:
    """Control and every penalty at every batch size, equal steps."""
    rows = []
    for batch, (retain, forget) in BATCHES.items():
        loop = {"batch_retain": retain, "batch_forget": forget, "batch_background": retain}
        for name, (kind, settings) in OBJECTIVES.items():
            rows.append(MethodConfig(label=f"{name} {batch}", name=kind, settings=settings, loop=loop))
    return rows


def measure_batches(settings: Settings) -> dict[str, Any]:
    """Seed -> batch -> objective -> numbers, on the first corpus."""
    methods, rows = batch_methods(), []
    label = next(iter(CORPORA))
    steps = 0
    for seed in toy_seeds(settings):
        config = config_of(CORPORA[label], seed, settings.quick, methods)
        steps = config.unlearn.steps
        run = settings.run / f"{slug(label)}-{seed}"
        bank = open_run(config, run, [Original(), Oracle(0), *entries_of(config)])
        path = run / "batches.json"
        if not path.is_file():
            write_text(path, json.dumps(batch_numbers(bank, config, run)))
        numbers = json.loads(path.read_text(encoding="utf-8"))
        rows.append({batch: {name: numbers[f"{name} {batch}"] for name in OBJECTIVES} for batch in BATCHES})
    minutes = minutes_of(settings.run)
    return {"weight": WEIGHT, "bank": BANK, "steps": steps, "training_minutes": minutes, "rows": rows}


def last_reading(run: Path, m: MethodConfig) -> float:
    """What the objective penalised, mean over its last twenty steps."""
    history = json.loads((run / "models" / f"{slug(m.label)}.json").read_text(encoding="utf-8"))["history"]
    rows = [h for h in history if "batch_floor" in h][-2:]
    floor = float(bool(m.settings.get("debiased")))
    return float(np.mean([h["batch_marginal_information"] - floor * h["batch_floor"] for h in rows])) if rows else 0.0


def batch_numbers(bank: Any, config: RunConfig, run: Path) -> dict[str, dict[str, float]]:
    """Method row -> what the batch table shows of it."""
    corpus = config.make_corpus()
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    rho = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    rows = {}
    for m in config.methods:
        low, high = enumerate_divergence(bank, [ORACLE], [slug(m.label)], prompts, 1e-4)
        model = bank.use(slug(m.label))
        laws = [set_laws(model, bank.tokenizer, x, config.unlearn.max_answer) for x in (corpus.retain, corpus.forget)]
        scores = [item_scores(model, bank.tokenizer, x) for x in (corpus.forget, corpus.retain)]
        rows[m.label] = {
            "jsd": 0.5 * (low + high),
            "forget": float(scores[0].probability.mean()),
            "exact": float(scores[0].exact.mean()),
            "retain": float(scores[1].probability.mean()),
            "information": pooled_reading(laws[0], laws[1], rho),
            "reads": last_reading(run, m),
            "in_full": pooled_reading(laws[0], laws[1], share_of(m)),
        }
    return rows


def share_of(m: MethodConfig) -> float:
    """The forget share of the row's batches, at which its penalty is read."""
    return float(m.loop["batch_forget"] / (m.loop["batch_forget"] + m.loop["batch_retain"]))
