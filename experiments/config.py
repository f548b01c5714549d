"""One validated configuration a run, readable and writable as YAML; presets are YAML files beside this one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.corpus import Corpus, generate, load_jsonl, read_lines
from experiments.tofu import load_tofu, tofu_folder
from mari_theory.errors import ArgumentError, require

PRESETS = Path(__file__).parent / "presets"


class Section(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CorpusConfig(Section):
    """Where the questions come from; counts are authors. `folder` of `tofu`: a folder, or a hub id such as `locuslab/TOFU`.

    Where TOFU is not on this machine and no folder is named, `tofu` falls back to `generated`, or without `fallback` asks the hub.
    `templates`: a file of texts, one a line, for methods that teach another answer (default: refusals).
    """

    kind: Literal["generated", "tofu", "jsonl"] = "generated"
    folder: str | None = None
    split: str = "forget01"
    forget: int = Field(32, ge=1)
    retain: int = Field(64, ge=1)
    holdout: int = Field(128, ge=1)
    skew: float = Field(0.0, ge=0)
    forget_skew: float | None = Field(None, ge=0)
    sentences: bool = False
    fallback: bool = True
    templates: str | None = None


class ModelConfig(Section):
    """`tiny`: a decoder from scratch. `adapter`: LoRA of this rank (0: all parameters) on a local folder, a hub id or `smollm2`.

    `device`: `auto` is the machine's accelerator for adapters and the CPU for tiny models, which are faster there.
    """

    kind: Literal["tiny", "adapter"] = "tiny"
    path: str = "smollm2"
    width: int = Field(64, ge=8)
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    rank: int = Field(16, ge=0)
    last_layers: int | None = Field(None, ge=1)
    half_precision_training: bool = False
    device: str = "auto"


class LoopConfig(Section):
    """Settings of `experiments.loop.LoopSettings`."""

    steps: int = Field(150, ge=1)
    lr: float = Field(1e-3, gt=0)
    batch_retain: int = Field(96, ge=1)
    batch_forget: int = Field(48, ge=1)
    batch_background: int = Field(96, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    clip: float = Field(1.0, gt=0)
    schedule: Literal["linear", "half-cosine"] = "linear"
    max_answer: int = Field(64, ge=1)
    evaluate_every: int = Field(10, ge=1)
    evaluate_items: int = Field(192, ge=1)
    stop_at_holdout: bool = False
    stop_accuracy_drop: float | None = Field(None, gt=0, lt=1)
    checkpoint_every: int = Field(50, ge=1)


class MethodConfig(Section):
    """One row of the table: a method by name, its settings, loop settings that differ from `unlearn`, its own seed."""

    label: str
    name: str
    settings: dict[str, Any] = {}
    loop: dict[str, Any] = {}
    seed: int = Field(0, ge=0)


class ScoringConfig(Section):
    """`draws` outputs an arm, at most `max_new` tokens each; `enumerate_exactly` needs answers of one token.

    `robustness` also measures what 8- and 4-bit rounding and a relearning attack bring back.
    """

    draws: int = Field(4000, ge=2)
    max_new: int = Field(2, ge=1)
    enumerate_exactly: bool = False
    truth_items: int = Field(192, ge=0)
    rouge_items: int = Field(192, ge=0)
    holdout_items: int = Field(768, ge=1)
    shift_draws: int = Field(2000, ge=2)
    robustness: bool = False


class RunConfig(Section):
    """Everything a run depends on."""

    preset: str = "tiny"
    seed: int = Field(0, ge=0)
    confidence: float = Field(0.95, gt=0, lt=1)
    margin: float = Field(0.02, ge=0)
    workers: int = Field(2, ge=1)
    oracles: int = Field(3, ge=2)
    corpus: CorpusConfig = CorpusConfig()
    model: ModelConfig = ModelConfig()
    train: LoopConfig = LoopConfig()
    unlearn: LoopConfig = LoopConfig()
    methods: list[MethodConfig] = Field(default_factory=list)
    scoring: ScoringConfig = ScoringConfig()

    def make_corpus(self) -> Corpus:
        """The corpus this configuration names."""
        texts = self.corpus.templates
        templates = () if texts is None else read_lines(Path(texts), "corpus.templates")
        return dataclasses.replace(self._without_templates(), templates=templates)

    def _without_templates(self) -> Corpus:
        c = self.corpus
        if c.kind == "jsonl":
            require(
                c.folder is not None,
                "corpus.folder",
                "a folder with forget.jsonl, retain.jsonl, holdout.jsonl",
                c.folder,
            )
            return load_jsonl(Path(str(c.folder)))
        if c.kind == "tofu":
            folder = tofu_folder(c.folder, hub=not c.fallback)
            if folder is not None:
                return load_tofu(folder, c.split, c.retain, c.holdout, c.forget)
        sentences = c.sentences or c.kind == "tofu"
        return generate(c.forget, c.retain, c.holdout, c.skew, sentences, self.seed, c.forget_skew)

    def dump(self) -> str:
        """YAML that `load_config` reads back."""
        return yaml.safe_dump(self.model_dump(), sort_keys=False)


def load_config(preset: str = "tiny", file: Path | None = None, **changes: Any) -> RunConfig:
    """A preset, overridden by a YAML file, overridden by `changes` (None = keep).

    Raises `ArgumentError` naming the field, what is allowed and what came.

    >>> load_config("tiny").oracles >= 3
    True
    """
    names = sorted(p.stem for p in PRESETS.glob("*.yaml"))
    require(preset in names, "preset", ", ".join(names), preset)
    data = _read_yaml(PRESETS / f"{preset}.yaml")
    if file is not None:
        data = _merge(data, _read_yaml(Path(file)))
    data = _merge(data, {k: v for k, v in changes.items() if v is not None})
    try:
        config = RunConfig(**data)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ArgumentError(
                where, "a known key", f"{first['loc'][-1]}{_nearest_key(str(first['loc'][-1]))}"
            ) from None
        raise ArgumentError(where or "config", first["msg"], first.get("input")) from None
    labels = [m.label for m in config.methods]
    require(len(set(labels)) == len(labels), "methods", "labels that differ", labels)
    return config


def _nearest_key(key: str) -> str:
    from experiments.methods import nearest

    sections: list[type[BaseModel]] = [RunConfig, *Section.__subclasses__()]
    return nearest(key, sorted({name for section in sections for name in section.model_fields}))


def select_methods(config: RunConfig, labels: list[str]) -> RunConfig:
    """Keep only the named rows of the methods table."""
    known = {m.label: m for m in config.methods}
    for label in labels:
        require(label in known, "method", ", ".join(known), label)
    return config.model_copy(update={"methods": [known[x] for x in dict.fromkeys(labels)]})


def loop_settings(loop: LoopConfig, seed: int, changes: dict[str, Any] | None = None) -> Any:
    """`LoopSettings` from a section and a method's own changes."""
    from experiments.loop import LoopSettings

    merged = {**loop.model_dump(), **(changes or {})}
    allowed = {f.name for f in dataclasses.fields(LoopSettings)}
    unknown = set(merged) - allowed
    require(not unknown, "loop", f"settings among {sorted(allowed)}", sorted(unknown))
    return LoopSettings(seed=seed, **merged)


def _read_yaml(path: Path) -> dict[str, Any]:
    require(path.is_file(), "config", "an existing YAML file", path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as e:
        raise ArgumentError("config", "valid YAML", f"{path}: {e}") from None
    require(isinstance(data, dict), "config", "a YAML mapping", path)
    return dict(data)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for k, v in over.items():
        out[k] = _merge(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out
