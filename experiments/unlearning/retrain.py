"""Oracles from a base, trained on what stays alone: model folders that an audit reads as `oracles`. What `mari retrain` does."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from experiments.config import LoopSettings
from experiments.data.encoding import require_fit
from experiments.data.items import Corpus, Item
from experiments.methods import make_method
from experiments.models.device import find_device
from experiments.models.load import load_model, load_tokenizer, quiet
from experiments.models.smollm2 import model_path
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.unlearning.loop import Task, Watch
from experiments.unlearning.request import Start, fine_tune, prepare, require_disk
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

TINY = "tiny"
"""The toy as a base: random weights, other ones for every oracle, and the words of the generated corpora."""


def retrain(
    base: Start, retain: Sequence[Item], out: Path, count: int, settings: LoopSettings, resume: bool = False
) -> list[dict[str, Any]]:
    """Train so many oracles into `out/oracle-0`, ...; the record of each stands beside its folder.

    They differ by their seeds, from `settings.seed` on. Finished ones are kept by `resume`, a killed one goes on from its checkpoint.
    Raises `ArgumentError` on a base or data that do not fit, a folder already used, too little disk: before anything is written.
    """
    require(count >= 1, "count", "a number at least 1", count)
    require(len(retain) > 0, "retain", "at least one item", 0)
    corpus = Corpus(
        "retain", tuple(retain), tuple(retain), ()
    )  # the loop's other half is never read by what it minimises
    find_device(base.device)
    base = replace(base, rank=None) if base.model == TINY else base
    model, tokenizer = _fresh(base, corpus, settings.seed)
    require_fit(model, tokenizer, retain, settings.max_answer)
    require_disk(out, model, base.rank)
    note = {
        "base": str(base.model),
        "rank": base.rank,
        "half_precision": base.half_precision,
        "retain": len(retain),
        "data_sha256": corpus.fingerprint(),
        "count": count,
        "loop": asdict(settings),
    }
    del model
    prepare(out, note, resume)
    return [_one(base, corpus, out, k, replace(settings, seed=settings.seed + k)) for k in range(count)]


def _one(base: Start, corpus: Corpus, out: Path, k: int, settings: LoopSettings) -> dict[str, Any]:
    record, folder = out / f"oracle-{k}.json", out / f"oracle-{k}"
    if record.is_file() and folder.is_dir():
        return dict(json.loads(record.read_text()))
    began = time.perf_counter()
    model, tokenizer = _fresh(base, corpus, settings.seed)
    scratch = out / f"checkpoint-{k}"
    scratch.mkdir(exist_ok=True)
    task = Task(model, tokenizer, corpus, corpus.retain, make_method("retain-only"))
    result, digest = fine_tune(base, task, settings, Watch(scratch, evaluate=False, label=f"oracle-{k}"), folder)
    require(not result.stopped.failed, "settings", result.stopped.advice, result.stopped)
    found = {
        "model": str(folder),
        "weights_sha256": digest,
        "seed": settings.seed,
        "seconds": time.perf_counter() - began,
        "steps": result.steps,
        "stopped": result.stopped,
    }
    write_text(record, json.dumps(found, indent=1))
    shutil.rmtree(scratch)
    print(
        f"oracle-{k}: {result.steps} steps in {found['seconds']:.0f} s, {result.stopped}", file=sys.stderr, flush=True
    )
    return found


def _fresh(base: Start, corpus: Corpus, seed: int) -> tuple[Any, Any]:
    """The base as it was, and its tokenizer."""
    if base.model == TINY:
        quiet()
        tokenizer = tiny_tokenizer(corpus)
        return tiny_model(len(tokenizer), seed=seed), tokenizer
    path = model_path(base.model)
    return load_model(path), load_tokenizer(path)
