"""Models by name: held in memory, in folders of their own, or the models of one run (whole, or as adapters on one base)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file, save_file

from experiments.config import RunConfig
from experiments.labels import slug
from experiments.models.adapters import load_trainable, trainable_state, with_adapter
from experiments.models.device import find_device, to_train
from experiments.models.load import load_model, load_tokenizer, quiet, save_model, weight_hash
from experiments.models.smollm2 import model_path
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.models.trunk import keep_trunk
from experiments.unlearning.roles import ready_roles, roles_of, start_of, trains_from_base
from mari_theory.certificates.files import atomic
from mari_theory.errors import require


class ModelBank(Protocol):
    """Models by name. The object from `use` is valid until the next call: adapters share one base."""

    tokenizer: Any

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode."""
        ...


class RunBank(ModelBank, Protocol):
    """The models of one run, to read and to make."""

    def fresh(self, seed: int) -> Any:
        """A model to train that has learnt nothing of the run's data."""
        ...

    def start_from(self, name: str) -> Any:
        """A copy of a trained model, ready to be changed."""
        ...

    def save(self, name: str, model: Any) -> str:
        """Save under this name; returns the weight hash."""
        ...

    def has(self, name: str) -> bool:
        """Is the named model there?"""
        ...


class HeldModels:
    """Models in memory."""

    def __init__(self, tokenizer: Any, models: dict[str, Any]) -> None:
        self.tokenizer, self.models = tokenizer, models

    def use(self, name: str) -> Any:
        """The named model, ready to score."""
        return self.models[name].eval()


class FolderBank:
    """Models named by folder or hub id; one is in memory at a time."""

    def __init__(self, names: Sequence[str], device: str = "auto", dtype: torch.dtype = torch.float32) -> None:
        self.device, self.dtype = find_device(device), dtype
        first = load_model(names[0], dtype).to(self.device)
        self.tokenizer = load_tokenizer(names[0])
        self._name, self._model = names[0], first.eval()
        self.hashes = {}
        self.context: float = float("inf")
        for name in dict.fromkeys(names):
            model = self.use(name)
            size = model.config.vocab_size
            require(
                size == first.config.vocab_size,
                "vocabulary",
                f"{first.config.vocab_size} tokens as in {names[0]}",
                f"{size} in {name}",
            )
            self.context = min(self.context, getattr(model.config, "max_position_embeddings", None) or self.context)
            self.hashes[name] = weight_hash(model)

    def use(self, name: str) -> Any:
        """The named model, in evaluation mode."""
        if name != self._name:
            self._name, self._model = name, load_model(name, self.dtype).to(self.device).eval()
        return self._model


class TinyBank:
    """Whole models in folders."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        quiet()
        self.config, self.folder = config, run / "models"
        self.device = find_device("cpu" if config.model.device == "auto" else config.model.device)
        self.tokenizer = tiny_tokenizer(config.make_corpus())
        self._read: dict[str, tuple[int, Any]] = {}

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode; read again only when its file has changed."""
        require(name != "base", "source", "name or holdout: this model has no base, it is trained from scratch", name)
        stamp = (self.folder / name / "model.safetensors").stat().st_mtime_ns if self.has(name) else 0
        if name not in self._read or self._read[name][0] != stamp:
            self._read[name] = stamp, self.start_from(name).eval()
        return self._read[name][1]

    def fresh(self, seed: int) -> Any:
        """A model to train from scratch."""
        m = self.config.model
        return tiny_model(len(self.tokenizer), m.width, m.layers, m.heads, seed).to(self.device)

    def start_from(self, name: str) -> Any:
        """A copy of a trained model, ready to be changed."""
        return load_model(self.folder / name).to(self.device)

    def save(self, name: str, model: Any) -> str:
        """Save under this name; returns the weight hash."""
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
        audit, model = (self._ready(with_adapter(load_model(self.path), m.rank, 0, m.last_layers)) for _ in range(2))
        self.audit = audit.to(device).eval().requires_grad_(False)
        self.initial = trainable_state(model)
        self.trained = to_train(model, m.half_precision_training, device)

    def _ready(self, model: Any) -> Any:
        """With the blocks that no run trains run once a text."""
        blocks, depth = self.config.model.last_layers, int(model.config.num_hidden_layers)
        if blocks is not None and blocks < depth:
            keep_trunk(model.get_base_model() if self.config.model.rank else model, blocks)
        return model

    def use(self, name: str) -> Any:
        """The audited model with the named adapter; `base` is the model before any training."""
        state = self.initial if name == "base" else load_file(self.folder / f"{name}.safetensors")
        with torch.no_grad():
            own = dict(self.audit.named_parameters())
            for key, value in state.items():
                own[key].copy_(value)
        return self.audit

    def fresh(self, seed: int) -> Any:
        """The base with the one first adapter that every model starts from: seeds move the order of the data alone."""
        load_trainable(self.trained, self.initial)
        return self.trained

    def start_from(self, name: str) -> Any:
        """The training model with the named adapter."""
        load_trainable(self.trained, load_file(self.folder / f"{name}.safetensors"))
        return self.trained

    def save(self, name: str, model: Any) -> str:
        """Save the adapter; returns the hash of the audited model's adapter weights."""
        with atomic(self.folder / f"{name}.safetensors") as temporary:
            save_file({k: v.cpu().contiguous() for k, v in trainable_state(model).items()}, temporary)
        return weight_hash(torch.nn.ParameterDict({k.replace(".", "_"): v for k, v in trainable_state(model).items()}))

    def has(self, name: str) -> bool:
        """Is the named adapter there?"""
        return (self.folder / f"{name}.safetensors").is_file()


MOST_HELD = 8e9
"""Bytes of ready models that stay in memory; the one used longest ago goes first."""


class ReadyBank:
    """Models made elsewhere, read where they are, beside those that the run trains: from its base, or on top of a ready model."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        quiet()
        self.config, self.run = config, run
        self.device = find_device(
            "cpu" if (config.model.kind, config.model.device) == ("tiny", "auto") else config.model.device
        )
        self.paths = {slug(role.name): model_path(path) for role, path in ready_roles(config).items()}
        self.starts = {slug(r.name): slug(s.name) for r in roles_of(config) if (s := start_of(r)) is not None}
        first = next(iter(self.paths.values()))
        self.tokenizer = self.base.tokenizer if trains_from_base(config) else load_tokenizer(first)
        self._held: OrderedDict[str, Any] = OrderedDict()
        self._on: tuple[str, RunBank] | None = None

    @cached_property
    def base(self) -> RunBank:
        """The bank of a run that is given nothing."""
        return own_bank(self.config, self.run)

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode."""
        if name not in self.paths:
            return self._bank_of(name).use(name)
        if name not in self._held:
            model = load_model(self.paths[name])
            while self._held and sum(map(_size, (model, *self._held.values()))) > MOST_HELD:
                self._held.popitem(last=False)
            self._held[name] = model.to(self.device).eval()
        self._held.move_to_end(name)
        return self._held[name]

    def forget(self) -> None:
        """Drop what is in memory: the files may be others by now."""
        self._held.clear()
        self._on = None

    def fresh(self, seed: int) -> Any:
        """A model to train that has learnt nothing of the run's data."""
        return self.base.fresh(seed)

    def start_from(self, name: str) -> Any:
        """A copy of a model, ready to be changed."""
        return self._on_top_of(name).fresh(0) if name in self.paths else self._bank_of(name).start_from(name)

    def save(self, name: str, model: Any) -> str:
        """Save what was trained under this name; returns its hash."""
        return self._bank_of(name).save(name, model)

    def has(self, name: str) -> bool:
        """Is the named model there?"""
        return name in self.paths or self._bank_of(name).has(name)

    def _bank_of(self, name: str) -> RunBank:
        start = self.starts.get(name, "")
        return self._on_top_of(start) if start in self.paths else self.base

    def _on_top_of(self, start: str) -> RunBank:
        """What is trained on top of a ready model: the bank that has it as its base."""
        if self._on is None or self._on[0] != start:
            whole = {"kind": "adapter", "rank": 0, "last_layers": None, "device": str(self.device)}
            changes = {"path": self.paths[start], **(whole if self.config.model.kind == "tiny" else {})}
            model = self.config.model.model_copy(update=changes)
            self._on = start, AdapterBank(self.config.model_copy(update={"model": model}), self.run)
        return self._on[1]


def _size(model: Any) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters())


def own_bank(config: RunConfig, run: Path) -> RunBank:
    """Of the models that a run trains."""
    return (TinyBank if config.model.kind == "tiny" else AdapterBank)(config, run)


@lru_cache(maxsize=1)
def _cached_bank(config_json: str, run: str) -> RunBank:
    config = RunConfig.model_validate_json(config_json)
    if ready_roles(config):
        return ReadyBank(config, Path(run))
    return own_bank(config, Path(run))


def open_bank(config: RunConfig, run: Path) -> RunBank:
    """The run's models; one object a process."""
    return _cached_bank(config.model_dump_json(), str(run))
