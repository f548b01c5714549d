"""Which method? Tried on another request: some owners that stay are forgotten instead, and whoever makes them most like never-seen ones without loss wins.

A choice cannot make a certificate false: the audit's questions, oracles and certificates are of the request itself, which decided nothing here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config import MethodConfig
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.context import Measurements
from experiments.measures.detectors import auc, either_way
from experiments.models.banks import open_bank
from experiments.request.plan import Ask, plan
from experiments.seeds import seed_of
from experiments.unlearning.ready import keep, look_at
from experiments.unlearning.roles import entries_of
from experiments.unlearning.train import require_methods, train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

CANDIDATES: dict[str, dict[str, Any]] = {
    "npo": {},
    "simnpo": {},
    "grad-diff": {"gamma": 0.1},
    "weighted-gradient-ascent": {},
    "mari-matched": {"source": "holdout"},
}
"""Methods that are tried, with their settings."""


def held_apart(data: Corpus, seed: int) -> Corpus:
    """Another request: as many owners that stay as are to be forgotten, at most a quarter of them; the data to forget are in no part.

    Raises `ArgumentError` on fewer than four owners that stay.
    """
    owners = list(dict.fromkeys(i.owner for i in data.retain))
    require(
        len(owners) >= 4, "--validate", "at least 4 owners that stay, a quarter of whom are held apart", len(owners)
    )
    count = min(len({i.owner for i in data.forget}), len(owners) // 4)
    rng = np.random.default_rng(seed_of(seed, "validation"))
    chosen = {owners[k] for k in rng.permutation(len(owners))[:count]}
    forget, retain = (tuple(i for i in data.retain if (i.owner in chosen) is own) for own in (True, False))
    return replace(data, forget=forget, retain=retain)


def choose_method(ask: Ask, data: Corpus, folder: Path) -> tuple[MethodConfig, dict[str, Any]]:
    """The method with the smallest AUC of the loss between forgotten and never-seen items, among those within the margin of retain accuracy.

    Where none is within it, the one that lost least. What was tried is kept in `validation.json`; a killed choice goes on.
    """
    entries = [MethodConfig(label=name, name=name, settings=settings) for name, settings in CANDIDATES.items()]
    note = folder / "validation.json"
    if not note.is_file():
        other, run = held_apart(data, ask.seed), folder / "run"
        for name, items in other.splits().items():
            write_prompts(folder / "data" / f"{name}.jsonl", items)
        config = plan(ask, other, folder / "data", entries)
        unread = config.scoring.model_copy(update={"channels": {}, "enumerate_exactly": False})  # no oracles are here
        config = config.model_copy(update={"scoring": unread})
        require_methods(config)
        records = look_at(config, run, config.make_corpus())
        for part in ("models", "checkpoints"):
            (run / part).mkdir(parents=True, exist_ok=True)
        keep(records, run)
        train_many(config, run, entries_of(config))
        m = Measurements(config, run, config.audit_corpus(), open_bank(config, run))
        before = float(m.scores("original", "retain").accuracy.mean())
        rows = [_row(m, e.label, before) for e in entries]
        good = [r for r in rows if r["lost"] <= config.utility_margin]
        best = min(good, key=lambda r: float(r["auc"])) if good else min(rows, key=lambda r: float(r["lost"]))
        found = {"chosen": best["method"], "owners": len({i.owner for i in other.forget}), "tried": rows}
        write_text(note, json.dumps(found, indent=1))
    found = json.loads(note.read_text(encoding="utf-8"))
    return next(e for e in entries if e.label == found["chosen"]), found


def _row(m: Measurements, name: str, before: float) -> dict[str, Any]:
    forget, unseen = m.scores(name, "forget"), m.scores(name, "holdout")
    return {
        "method": name,
        "auc": either_way(auc(-forget.loss, -unseen.loss)),
        "lost": before - float(m.scores(name, "retain").accuracy.mean()),
    }
