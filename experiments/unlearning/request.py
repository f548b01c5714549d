"""One deletion request on one model: load, unlearn, save. What `mari unlearn` does."""

from __future__ import annotations

import json
import shutil
import time
import warnings
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from experiments.config import LoopSettings
from experiments.data.encoding import require_fit
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.base import Method, Reference
from experiments.models.adapters import with_adapter
from experiments.models.device import find_device, plain, to_train
from experiments.models.load import load_model, load_tokenizer, require_model, require_room, save_model, weight_hash
from experiments.models.smollm2 import model_path
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.ready import require_same_tokens
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require


class UnlearningStopped(Exception):
    """The loss or its gradient stopped being a number; what was last good is saved."""


@dataclass(frozen=True)
class Start:
    """The model a request starts from, and how it is trained."""

    model: str | Path
    """A folder with safetensors, a hub id or `smollm2`."""
    base: str | Path | None = None
    """The model before fine-tuning, for methods that match with it."""
    rank: int | None = 16
    """LoRA's, merged before saving; None trains all parameters."""
    half_precision: bool = False
    """Compute in bfloat16 on float32 weights (through accelerate); what is saved is float32."""
    device: str = "auto"
    """`auto` (the machine's accelerator, else the CPU) or a name."""


def unlearn(
    model: str | Path | Start,
    data: Corpus,
    method: Method | str = "npo",
    out: Path | str = "unlearned",
    settings: LoopSettings | None = None,
    resume: bool = False,
    **old: Any,
) -> dict[str, Any]:
    """Unlearn `data.forget` from a model and save the result as a plain model folder; returns the record saved beside it.

    `model` alone is `Start(model)`. A killed run continues with `resume`. Losses are mean nats an answer token.

    Raises `ArgumentError` on data that do not fit the model, a folder already used, too little disk; `UnlearningStopped` when the loss
    or its gradient is no longer finite: the folder then holds the model of the last good step, and the record says which.
    """
    start = model if isinstance(model, Start) else Start(model)
    if old:  # until 0.3: the fields of `Start` as keywords of their own
        known = [f.name for f in fields(Start)]
        require(set(old) <= set(known), "keyword", ", ".join(known), ", ".join(sorted(old)))
        warnings.warn(f"{', '.join(sorted(old))}: pass unlearn(Start(model, ...)) instead", FutureWarning, stacklevel=2)
        start = replace(start, **old)
    rank = start.rank
    s = settings or LoopSettings(steps=60, lr=3e-4, batch_retain=8, batch_forget=8, batch_background=0)
    method = make_method(method) if isinstance(method, str) else method
    out = Path(out)
    require(
        method.reference is not Reference.BASE or start.base is not None, "base", "the model before fine-tuning", None
    )
    request = _describe(start, data, method, s)
    path = model_path(start.model)
    where = find_device(start.device)  # whatever can be refused is, before the folder is made
    before, tokenizer = load_model(path), load_tokenizer(path)
    source = {Reference.ORIGINAL: path, Reference.BASE: start.base}.get(method.reference)
    if source is not None and source is start.base:
        require_model(source)
        require_same_tokens(load_tokenizer(model_path(source)), tokenizer, str(path), data.forget)
    for rule in ("stop_at_holdout", "stop_accuracy_drop"):
        require(not getattr(s, rule) or data.holdout, rule, "never-seen holdout items", "none")
    require(data.retain, "retain", "at least one item", 0)
    require(data.forget, "forget", "at least one item", 0)
    require_fit(before, tokenizer, [*data.retain, *data.forget], s.max_answer)
    require_disk(out, before, rank)
    prepare(out, request, resume)
    began = time.perf_counter()
    reference = None if source is None else load_model(model_path(source)).to(where).eval().requires_grad_(False)
    scratch = out / "checkpoint"
    scratch.mkdir(exist_ok=True)
    task = Task(before, tokenizer, data, data.retain, method, reference)
    result, digest = fine_tune(start, task, s, Watch(scratch, label="unlearning"), out / "model")
    record = {
        "request": request,
        "seconds": time.perf_counter() - began,
        "device": str(where),
        "weights_sha256": digest,
        "model": str(out / "model"),
        **asdict(result),
    }
    write_text(out / "record.json", json.dumps(record, indent=1))
    shutil.rmtree(scratch)
    if result.stopped.failed:
        good = f"{out / 'model'} is the model after {result.steps} good steps"
        raise UnlearningStopped(f"{result}; {good}; {result.stopped.advice}")
    return record


def fine_tune(start: Start, task: Task, s: LoopSettings, watch: Watch, folder: Path) -> tuple[LoopResult, str]:
    """Train the task's model as `start` says, save it whole (LoRA merged) in a folder; what happened, and the hash of its weights."""
    network = with_adapter(task.model, start.rank, s.seed) if start.rank else task.model
    network = to_train(network, start.half_precision, find_device(start.device))
    result = run_loop(replace(task, model=network), s, watch)
    bare = plain(network)
    final = bare.merge_and_unload() if start.rank else bare
    save_model(final.float().cpu(), task.tokenizer, folder)
    return result, weight_hash(final)


def require_disk(out: Path, model: torch.nn.Module, rank: int | None) -> None:
    """Room for the saved weights and for a checkpoint (weights and two Adam moments of what is trained)."""
    everything = sum(p.numel() for p in model.parameters())
    size = 4 * (everything + 3 * (everything // 20 if rank else everything))
    require_room(out, size, "weights and checkpoint")


def _describe(start: Start, data: Corpus, method: Method, s: LoopSettings) -> dict[str, Any]:
    settings = {k: v for k, v in vars(method).items() if not k.startswith("_")}
    return {
        "model": str(start.model),
        "base": None if start.base is None else str(start.base),
        "data": {k: len(v) for k, v in data.splits().items()},
        "data_sha256": data.fingerprint(),
        "method": type(method).__name__,
        "settings": settings,
        "loop": asdict(s),
        "rank": start.rank,
        "half_precision": start.half_precision,
    }


def prepare(out: Path, request: dict[str, Any], resume: bool) -> None:
    """A folder with this request's note in it. Raises `ArgumentError` on a used one, on one of another request, and on nothing to resume."""
    note = out / "request.json"
    require(note.is_file() or not resume, "--resume", "a folder with request.json to continue", out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{out} ({e.strerror})") from None
    if note.is_file():
        require(resume, "out", "a new folder, or --resume to continue this request", out)
        require(
            json.loads(note.read_text()) == json.loads(json.dumps(request)), "out", "the same request to resume", out
        )
        require(not (out / "record.json").is_file(), "out", "an unfinished request to resume", f"{out}, which is done")
        return
    require(not any(out.iterdir()), "out", "a new or empty folder", out)
    write_text(note, json.dumps(request))
