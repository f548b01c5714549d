"""What both requests of the protocol share: training that keeps what is there, and measuring in one-thread processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from experiments.config import MethodConfig, RunConfig, load_config
from experiments.data.items import Item
from experiments.labels import slug
from experiments.measures.context import Measurements
from experiments.measures.detectors import auc, either_way
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import ItemScores
from experiments.measures.sampled import sampled_pair
from experiments.methods.ppo import levelled_off, rewards_of
from experiments.models.banks import open_bank
from experiments.processes import one_thread_processes
from experiments.unlearning.roles import Original, entries_of, oracle_arm, oracles_of, row_of
from experiments.unlearning.train import train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

LOOK = 0.002
"""First tokens rarer than this are not continued while selecting: a model made flat by its method would otherwise take a minute each."""


def request(seed: int, oracles: int, methods: list[MethodConfig], quick: bool) -> RunConfig:
    """The tiny preset with its own authors."""
    config = load_config("tiny", seed=seed)
    if quick:
        train = config.train.changed({"steps": 60})
        unlearn, scoring = config.unlearn.changed({"steps": 12}), config.scoring.model_copy(update={"draws": 300})
        config = config.model_copy(update={"train": train, "unlearn": unlearn, "scoring": scoring})
    return config.model_copy(update={"oracles": oracles, "methods": methods})


def train(config: RunConfig, run: Path) -> dict[str, Any]:
    """Original, oracles, then every row; what is there already is kept, rows of other methods too."""
    others = drop_changed_models(config, run)
    for part in ("models", "scores", "certificates", "checkpoints"):
        (run / part).mkdir(parents=True, exist_ok=True)
    write_text(run / "config.yaml", config.model_copy(update={"methods": [*config.methods, *others]}).dump())
    records = train_many(config, run, [Original(), *oracles_of(config)])
    return records | (train_many(config, run, entries_of(config)) if config.methods else {})


def drop_changed_models(config: RunConfig, run: Path) -> list[MethodConfig]:
    """Remove models kept under a label whose settings have changed since; returns the rows there that are none of this run's.

    Raises `ArgumentError` when anything but the rows has changed.
    """
    if not (run / "config.yaml").is_file():
        return []
    old = RunConfig(**yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8")))
    same = old.model_copy(update={"methods": []}) == config.model_copy(update={"methods": []})
    require(same, "--run", "a folder of the same study, or a new one", run)
    before = {m.label: m for m in old.methods}
    for m in config.methods:
        if before.pop(m.label, m) != m:
            name = run / "models" / slug(m.label)
            shutil.rmtree(name, ignore_errors=True)
            for ending in (".json", "-measured.json"):
                Path(f"{name}{ending}").unlink(missing_ok=True)
    return list(before.values())


def spread(
    config: RunConfig, run: Path, work: Callable[[str, str, str], dict[str, Any]], names: Sequence[str]
) -> dict[str, Any]:
    """`work(config, run, name)` of every name, in one-thread processes."""
    task = partial(work, config.model_dump_json(), str(run))
    with one_thread_processes(config.workers) as workers:
        return dict(zip(names, tqdm(workers.map(task, names), total=len(names), disable=None), strict=True))


@lru_cache(maxsize=1)
def open_measurements(config_json: str, run: str) -> Measurements:
    """One run a process."""
    config = RunConfig.model_validate_json(config_json)
    return Measurements(config, Path(run), config.audit_corpus(), open_bank(config, Path(run)))


def quick_look(config_json: str, run: str, name: str) -> dict[str, Any]:
    """Exact divergence to the oracle average and retain probability, enough to select by."""
    m = open_measurements(config_json, run)
    oracles, prompts = [slug(o) for o in m.reference], m.prompts["forget"]
    low, high = enumerate_divergence(m.bank, oracles, [slug(name)], prompts, floor=LOOK)
    return {"jsd": 0.5 * (low + high), "retain": float(m.scores(name, "retain").probability.mean())}


def measure_model(config_json: str, run: str, name: str) -> dict[str, Any]:
    """What the table shows of one model of the report request, kept once measured."""
    models = Path(run) / "models"
    path = models / f"{slug(name)}-measured.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    config, m = RunConfig.model_validate_json(config_json), open_measurements(config_json, run)
    pair = sampled_pair(m, "oracle", row_of(config, name), oracle_arm(m.oracles, name), exact=False, detect=False)
    claim, exact = pair.certificate.claim, pair.coverage[-1]
    record = json.loads((models / f"{slug(name)}.json").read_text(encoding="utf-8"))
    retain = m.scores(name, "retain")
    row = {
        "lower": claim.lower,
        "upper": claim.upper,
        "exact": 0.5 * (exact.low + exact.high),
        "attack": max(a.advantage_auc for a in m.attacks(name)),
        "author": author_attack(m, name),
        "retain": float(retain.probability.mean()),
        "retain_exact": float(retain.exact.mean()),
        "forget": float(m.scores(name, "forget").probability.mean()),
        **{k: record[k] for k in ("steps", "stopped", "seconds")},
        **reward_of(record["history"]),
    }
    write_text(path, json.dumps(row))
    return row


def reward_of(history: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Of a method that is paid: its batches' mean reward between looks, and whether it had stopped rising (`levelled_off`)."""
    reward = rewards_of(history)
    return {"reward": reward, "trained": levelled_off(reward)} if reward else {}


def author_attack(m: Measurements, name: str) -> float:
    """max(AUC, 1 - AUC) of the loss attack on authors: each scored by the mean loss of its questions."""
    means = [
        -author_means(m.scores(name, split), items)
        for split, items in (("forget", m.corpus.forget), ("holdout", m.unseen))
    ]
    return either_way(auc(*means))


def author_means(scores: ItemScores, items: Sequence[Item]) -> Any:
    """Mean loss an author."""
    owners = np.array([i.owner for i in items])
    return np.array([scores.loss[owners == o].mean() for o in dict.fromkeys(owners)])
