"""The models of a run: the original, the oracles, and one model a method, each trained once and kept in the run folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from experiments.config import RunConfig, slug
from experiments.methods import make_method
from experiments.methods.base import needs_reference, reference_name
from experiments.models.adapters import load_trainable, trainable_state, with_adapter
from experiments.models.device import find_device, to_train
from experiments.models.load import load_model, load_tokenizer, quiet, save_model, weight_hash
from experiments.models.smollm2 import model_path
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.unlearning.loop import run_loop
from experiments.unlearning.roles import Entry, Original, Role
from mari_theory.certificates.files import atomic, write_text
from mari_theory.errors import require


class TinyBank:
    """Whole models in folders."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        quiet()
        self.config, self.folder = config, run / "models"
        self.device = find_device("cpu" if config.model.device == "auto" else config.model.device)
        self.tokenizer = tiny_tokenizer(config.make_corpus())

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode."""
        require(name != "base", "source", "name or holdout: this model has no base, it is trained from scratch", name)
        return load_model(self.folder / name).to(self.device).eval()

    def fresh(self, seed: int) -> Any:
        """A model to train from scratch."""
        m = self.config.model
        return tiny_model(len(self.tokenizer), m.width, m.layers, m.heads, seed).to(self.device)

    def start_from(self, name: str) -> Any:
        """A copy of a trained model, ready to be changed."""
        return load_model(self.folder / name).to(self.device)

    def keep(self, name: str, model: Any) -> str:
        """Save, return the weight hash."""
        save_model(model, self.tokenizer, self.folder / name)
        return weight_hash(model)

    def has(self, name: str) -> bool:
        """Is the named model there?"""
        return (self.folder / name / "model.safetensors").is_file()


class AdapterBank:
    """Adapters on one base, trained in float32 or mixed bfloat16 and audited in float32; names swap weights in place."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        quiet()
        m = config.model
        self.config, self.folder = config, run / "models"
        self.path = model_path(m.path)
        self.tokenizer = load_tokenizer(self.path)
        device = find_device(m.device)
        self.audit = with_adapter(load_model(self.path), m.rank, 0, m.last_layers).to(device).eval()
        self.audit.requires_grad_(False)
        trained = with_adapter(load_model(self.path), m.rank, 0, m.last_layers)
        self.initial = trainable_state(trained)
        self.trained = to_train(trained, m.half_precision_training, device)

    def use(self, name: str) -> Any:
        """The audited model with the named adapter; `base` is the model before any training."""
        state = self.initial if name == "base" else load_file(self.folder / f"{name}.safetensors")
        with torch.no_grad():
            own = dict(self.audit.named_parameters())
            for key, value in state.items():
                own[key].copy_(value)
        return self.audit

    def fresh(self, seed: int) -> Any:
        """The base with a new adapter, whose random half the seed moves (without an adapter: the base, and only the data order moves)."""
        generator = torch.Generator().manual_seed(seed)
        state = {
            k: (torch.randn(v.shape, generator=generator) * v.std() if "lora_A" in k else v)
            for k, v in self.initial.items()
        }
        load_trainable(self.trained, state)
        return self.trained

    def start_from(self, name: str) -> Any:
        """The training model with the named adapter."""
        load_trainable(self.trained, load_file(self.folder / f"{name}.safetensors"))
        return self.trained

    def keep(self, name: str, model: Any) -> str:
        """Save the adapter, return the hash of the audited model's adapter weights."""
        with atomic(self.folder / f"{name}.safetensors") as temporary:
            save_file({k: v.cpu().contiguous() for k, v in trainable_state(model).items()}, temporary)
        return weight_hash(torch.nn.ParameterDict({k.replace(".", "_"): v for k, v in trainable_state(model).items()}))

    def has(self, name: str) -> bool:
        """Is the named adapter there?"""
        return (self.folder / f"{name}.safetensors").is_file()


Bank = TinyBank | AdapterBank


@lru_cache(maxsize=1)
def _cached_bank(config_json: str, run: str) -> Bank:
    config = RunConfig.model_validate_json(config_json)
    return (TinyBank if config.model.kind == "tiny" else AdapterBank)(config, Path(run))


def open_bank(config: RunConfig, run: Path) -> Bank:
    """The run's models; one object a process."""
    return _cached_bank(config.model_dump_json(), str(run))


def train_one(config: RunConfig, run: Path, role: Role) -> dict[str, Any]:
    """Train the model of one role unless it is already there; returns its record.

    Oracles differ from the original by their data (no forget items) and their seed.
    """
    name = role.name
    record_path = run / "models" / f"{slug(name)}.json"
    bank = open_bank(config, run)
    if record_path.is_file() and bank.has(slug(name)):
        return dict(json.loads(record_path.read_text()))
    corpus = config.make_corpus()
    began = time.perf_counter()
    kept, evaluate = list(corpus.retain), config.model.kind == "tiny"
    if isinstance(role, Entry):
        entry = next(m for m in config.methods if m.label == role.label)
        settings = config.unlearn.changed({**entry.loop, "seed": config.seed * 100 + 50 + entry.seed})
        model, method, evaluate = bank.start_from("original"), make_method(entry.name, **entry.settings), True
    else:
        # The learning rate of training, the retain-only objective: what it repeats is what it learns.
        number = 0 if isinstance(role, Original) else 1 + role.index
        settings = config.train.changed({"seed": config.seed * 100 + number})
        model, method = bank.fresh(settings.seed), make_method("retain-only")
        kept += corpus.forget if isinstance(role, Original) else ()
    reference = bank.use(reference_name(method)) if needs_reference(method) else None
    scratch = run / "checkpoints" / slug(name)
    result = run_loop(
        model, bank.tokenizer, corpus, kept, method, settings, scratch, evaluate, name, reference=reference
    )
    digest = bank.keep(slug(name), model)
    record = {
        "name": name,
        "seconds": time.perf_counter() - began,
        "weights_sha256": digest,
        "settings": asdict(settings),
        **asdict(result),
    }
    write_text(record_path, json.dumps(record))
    (scratch / "checkpoint.safetensors").unlink(missing_ok=True)
    return record


def _worker(config_json: str, run: str, role: Role) -> dict[str, Any]:
    torch.set_num_threads(1)
    return train_one(RunConfig.model_validate_json(config_json), Path(run), role)


def train_many(config: RunConfig, run: Path, roles: Sequence[Role]) -> dict[str, dict[str, Any]]:
    """Train several models, name -> record: tiny ones in parallel one-thread processes, adapters one after the other."""
    records: dict[str, dict[str, Any]] = {}

    def say(record: dict[str, Any]) -> None:
        records[record["name"]] = record
        done = f"[{len(records)}/{len(roles)}]"
        print(
            f"{done} {record['name']}: {record['steps']} steps in {record['seconds']:.0f} s, {record['stopped']}",
            file=sys.stderr,
            flush=True,
        )

    if config.workers > 1 and config.model.kind == "tiny":
        os.environ["TQDM_DISABLE"] = "1"
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(config.workers, mp_context=context) as workers:
            jobs = [workers.submit(_worker, config.model_dump_json(), str(run), r) for r in roles]
            for job in as_completed(jobs):
                say(job.result())
    else:
        for role in roles:
            say(train_one(config, run, role))
    return {r.name: records[r.name] for r in roles}
