"""The models of a run: the original, the oracles, and one model a method, each trained once and kept in the run folder."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.config import RunConfig
from experiments.labels import slug
from experiments.measures.along import run_reader
from experiments.methods import make_method
from experiments.methods.base import Reference
from experiments.models.banks import open_bank
from experiments.models.device import find_device
from experiments.processes import one_thread_processes
from experiments.unlearning.batches import require_match
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.roles import Entry, Original, ProcessedOracle, Role, start_of
from mari_theory.certificates.files import write_text
from mari_theory.errors import require


def require_methods(config: RunConfig) -> None:
    """Raises `ArgumentError` on a method, a setting or a loop that cannot run, before the first step of anything is trained."""
    corpus = config.training_corpus()
    for entry in config.methods:
        method = make_method(entry.name, **entry.settings)
        settings = config.unlearn.changed(entry.loop)
        reads_base = method.reference is Reference.BASE or method.match_source == "base"
        rule = "a method without a base: a tiny model has none, it is trained from scratch"
        require(not (reads_base and config.model.kind == "tiny"), f"methods, {entry.label}", rule, entry.name)
        if method.match_source is not None:
            require_match(corpus, method.match_source)
        needs_unseen = settings.stop_at_holdout or settings.stop_accuracy_drop is not None
        require(corpus.holdout or not needs_unseen, f"methods, {entry.label}", "never-seen items to stop by", 0)


def train_one(config: RunConfig, run: Path, role: Role) -> dict[str, Any]:
    """Train the model of one role unless it is already there; returns its record.

    Oracles differ from the original by their data (no forget items) and their seed.
    """
    name = role.name
    record_path = run / "models" / f"{slug(name)}.json"
    bank = open_bank(config, run)
    if record_path.is_file() and bank.has(slug(name)):
        return dict(json.loads(record_path.read_text()))
    corpus = config.training_corpus()
    began = time.perf_counter()
    items, evaluate = list(corpus.retain), config.model.kind == "tiny"
    seed = role.seed(config.seed)
    started = start_of(role)
    start = "base" if started is None else slug(started.name)
    if isinstance(role, Entry):
        entry = next(m for m in config.methods if m.label == role.label)
        settings = config.unlearn.changed({**entry.loop, "seed": role.seed(config.seed, entry.seed)})
        model, method, evaluate = bank.start_from(start), make_method(entry.name, **entry.settings), True
    elif isinstance(role, ProcessedOracle):
        settings = config.unlearn.changed({"seed": seed})
        model, method = bank.start_from(start), make_method("retain-only")
    else:
        # The learning rate of training, the retain-only objective: what it repeats is what it learns.
        settings = config.train.changed({"seed": seed})
        model, method = bank.fresh(settings.seed), make_method("retain-only")
        items += corpus.forget if isinstance(role, Original) else ()
    reader = run_reader(config, role, bank, corpus.forget, start) if isinstance(role, Entry) else None
    needs = method.reference
    reference = None if needs is Reference.NONE else bank.use(start if needs is Reference.ORIGINAL else needs)
    scratch = run / "checkpoints" / slug(name)
    task = Task(model, bank.tokenizer, corpus, items, method, reference)
    result = run_loop(task, settings, Watch(scratch, evaluate, name, reader.read if reader else None))
    digest = bank.save(slug(name), model)
    record = {
        "name": name,
        "seconds": time.perf_counter() - began - (reader.seconds if reader else 0.0),
        "reading_seconds": reader.seconds if reader else 0.0,
        "weights_sha256": digest,
        "settings": asdict(settings),
        **asdict(result),
    }
    write_text(record_path, json.dumps(record))
    (scratch / "checkpoint.safetensors").unlink(missing_ok=True)
    return record


def _worker(config_json: str, run: str, role: Role) -> dict[str, Any]:
    return train_one(RunConfig.model_validate_json(config_json), Path(run), role)


def train_many(config: RunConfig, run: Path, roles: Sequence[Role]) -> dict[str, dict[str, Any]]:
    """Train several models, name -> record; with `workers` above 1 side by side, each in a process with one thread (real ones on a CPU)."""
    records: dict[str, dict[str, Any]] = {}

    def say(record: dict[str, Any]) -> None:
        records[record["name"]] = record
        done = f"[{len(records)}/{len(roles)}]"
        print(
            f"{done} {record['name']}: {record['steps']} steps in {record['seconds']:.0f} s, {record['stopped']}",
            file=sys.stderr,
            flush=True,
        )

    if config.workers > 1 and (config.model.kind == "tiny" or find_device(config.model.device).type == "cpu"):
        os.environ["TQDM_DISABLE"] = "1"
        with one_thread_processes(config.workers) as workers:
            jobs = [workers.submit(_worker, config.model_dump_json(), str(run), r) for r in roles]
            for job in as_completed(jobs):
                say(job.result())
    else:
        for role in roles:
            say(train_one(config, run, role))
    return {r.name: records[r.name] for r in roles}
