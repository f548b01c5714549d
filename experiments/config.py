"""One validated configuration a run, readable and writable as YAML; presets are YAML files beside this one."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from experiments.data.continuation import continuation
from experiments.data.files import load_jsonl, read_lines
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.data.overlap import overlapping
from experiments.data.tofu import load_tofu, tofu_folder
from experiments.labels import check_labels
from experiments.presets import merge, preset_names, read_preset, read_yaml
from experiments.settings_words import bounds, rule
from mari_theory.errors import ArgumentError, require


class Section(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CorpusConfig(Section):
    """Where the questions come from; counts are authors. `folder` of `tofu`: a folder, or a hub id such as `locuslab/TOFU`.

    Where TOFU is not on this machine and no folder is named, `tofu` falls back to `generated`, or without `fallback` asks the hub.
    `overlap`: the share of forget facts that what stays states too, in other words (generated and TOFU; None: one wording).
    `continuation`: documents of running text; `related`: those to forget are on the topic of those that stay.
    `templates`: a file of texts, one a line, for methods that teach another answer (default: refusals).
    """

    kind: Literal["generated", "tofu", "jsonl", "continuation"] = "generated"
    folder: str | None = None
    split: str = "forget01"
    forget: int = Field(32, ge=1)
    retain: int = Field(64, ge=1)
    holdout: int = Field(128, ge=1)
    skew: float = Field(0.0, ge=0)
    forget_skew: float | None = Field(None, ge=0)
    sentences: bool = False
    overlap: float | None = Field(None, ge=0, le=1)
    related: bool = True
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


@dataclass(frozen=True)
class LoopSettings:
    """Optimiser, batches, looks and stops of one training run: the same from YAML, from Python and from the command line.

    Raises `ArgumentError` naming the setting, what is allowed and what came.

    >>> LoopSettings(steps=20, lr=3e-4).schedule
    'linear'
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    steps: Annotated[int, Field(ge=1)] = 150
    """Optimiser steps, at least 1."""
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    """Learning rate of AdamW at its largest."""
    batch_retain: Annotated[int, Field(ge=1)] = 96
    """Repeated items that stay, a step."""
    batch_forget: Annotated[int, Field(ge=1)] = 48
    """Forget items a step."""
    batch_background: Annotated[int, Field(ge=0)] = 96
    """Items seen once, a step."""
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Of AdamW, at least 0."""
    clip: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Largest norm of a step's gradient."""
    schedule: Literal["linear", "half-cosine"] = "linear"
    """`linear`: down to a tenth; `half-cosine`: constant for half of the run, then a cosine to 0."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the batches. A run's configuration leaves it to the run's own seed."""
    max_answer: Annotated[int, Field(ge=1)] = 64
    """Tokens of the longest answer that is read."""
    evaluate_every: Annotated[int, Field(ge=1)] = 10
    """Steps between two looks."""
    evaluate_items: Annotated[int, Field(ge=1)] = 192
    """Items of each set at a look."""
    stop_at_holdout: bool = False
    """End where the forget loss reaches the never-seen holdout's."""
    stop_accuracy_drop: Annotated[float, Field(gt=0, lt=1)] | None = None
    """End where the share of the holdout's answer tokens that greedy decoding gets right has fallen by more than this share."""
    accuracy_start: Annotated[float, Field(ge=0, le=1)] | None = None
    """What `stop_accuracy_drop` counts from; None: the accuracy at step 0."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 50
    """Steps between two checkpoints."""
    epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Passes over the repeated items; decides the steps, so that models with more to learn are trained as long on each item."""

    def __post_init__(self) -> None:
        for name, check in _setting_checks().items():
            value = getattr(self, name)
            try:
                check.validate_python(value, strict=True)
            except ValidationError:
                raise ArgumentError(name, bounds(check.json_schema()), value) from None

    def over(self, items: int) -> LoopSettings:
        """With the steps that the epochs make of so many repeated items; the same where no epochs are given.

        >>> LoopSettings(epochs=8, batch_retain=12).over(100).steps
        67
        """
        return self if self.epochs is None else replace(self, steps=math.ceil(self.epochs * items / self.batch_retain))

    def changed(self, changes: dict[str, Any]) -> LoopSettings:
        """These settings with some others; raises `ArgumentError` on an unknown name too."""
        for name in changes:
            require(name in _setting_checks(), "loop", f"settings among {', '.join(_setting_checks())}", name)
        return replace(self, **changes)


@cache
def _setting_checks() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(LoopSettings, include_extras=True)
    return {f.name: TypeAdapter(hints[f.name]) for f in dataclasses.fields(LoopSettings)}


OF_THE_RUN = ("seed", "accuracy_start")
"""Settings that a section of a configuration leaves to the run."""


class MethodConfig(Section):
    """One row of the table: a method by name, its settings, loop settings that differ from `unlearn`, its own seed."""

    label: str
    name: str
    settings: dict[str, Any] = {}
    loop: dict[str, Any] = {}
    seed: int = Field(0, ge=0)


Channel = Literal[
    "choice",
    "first-token",
    "next-token",
    "greedy",
    "prefix-1",
    "prefix-2",
    "prefix-4",
    "prefix-8",
    "prefix-16",
    "prefix-32",
    "owner",
]
"""A rung of the ladder of access (`experiments.measures.ladder`)."""


class ScoringConfig(Section):
    """`draws` outputs an arm, at most `max_new` tokens each; `enumerate_exactly` needs answers of one token.

    `channels` names the rungs of the ladder of access that are certified beside whole outputs, each with its margin in nats;
    `general_items` of each kind of question about the world show what else is left; `gate_items` retain questions decide whether originals and oracles were trained alike.
    `robustness` also measures what 8- and 4-bit rounding and a relearning attack bring back.
    """

    draws: int = Field(4000, ge=2)
    max_new: int = Field(2, ge=1)
    enumerate_exactly: bool = False
    channels: dict[Channel, Annotated[float, Field(ge=0)]] = {}
    gate_items: int = Field(100, ge=1)
    truth_items: int = Field(192, ge=0)
    general_items: int = Field(100, ge=0)
    rouge_items: int = Field(192, ge=0)
    holdout_items: int = Field(768, ge=1)
    shift_draws: int = Field(2000, ge=2)
    robustness: bool = False

    def margin_of(self, channel: str) -> float | None:
        """As named beside the channel; None for one that is not asked."""
        return {str(name): margin for name, margin in self.channels.items()}.get(channel)


class PilotConfig(Section):
    """Learning rates of training to try from the largest on; the first is taken that lets perplexity on running text grow by at most `growth`."""

    rates: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    growth: float = Field(0.1, gt=0)


Places = Annotated[tuple[str, ...], BeforeValidator(lambda x: [x] if isinstance(x, str) else x), Field(min_length=1)]
"""Folders or hub ids of models made elsewhere; one may stand without brackets."""


class ReadyConfig(Section):
    """A row of the table made elsewhere: one model for each of the run's seeds."""

    label: str
    path: Places


def _enough_oracles(value: Any) -> Any:
    """One oracle or more is the floor, the others are what every row is read against."""
    count = len(value) if isinstance(value, list | tuple) else value
    if type(count) is not int or count < 2:
        rule = "at least 2 (one is the floor): how many to train, or a list of folders or hub ids"
        raise PydanticCustomError("oracles", rule)  # type: ignore[arg-type]
    return value


def _rows(value: Any) -> Any:
    return [{"label": label, "path": path} for label, path in value.items()] if isinstance(value, dict) else value


class RunConfig(Section):
    """Everything a run depends on; `out` is the folder it goes into, unless the command line says another.

    `original` (one a seed), `oracles` and `models` may be folders or hub ids of models made elsewhere: they are read where they are, not
    trained and not copied; methods start from a ready original as from one trained here. `models` is a list of label and path, or label -> path.

    `seeds`: models a row; with more than one, a row is their average and half of the oracles are the floor (T33). `shadows`: more
    retrained models, which calibrate attacks (LiRA) and exact ranks (T34). `reference`: compare
    with oracles, or with oracles that had the unlearned models' further training too (T36). `gate`: how much farther than a retraining
    the original may lie from the oracles on retain questions, nats, for forget-side numbers to measure memory and not training.
    `workers`: models trained side by side, a thread each (real ones on a CPU alone). `pilot`: where the learning rate of training comes
    from. `utility_margin`: the loss of answer-token accuracy that counts as none.
    """

    preset: str = "tiny"
    out: str | None = None
    seed: int = Field(0, ge=0)
    confidence: float = Field(0.95, gt=0, lt=1)
    margin: float = Field(0.02, ge=0)
    workers: int = Field(2, ge=1)
    original: Places | None = None
    oracles: Annotated[int | tuple[str, ...], BeforeValidator(_enough_oracles)] = 3
    models: Annotated[tuple[ReadyConfig, ...], BeforeValidator(_rows)] = ()
    seeds: int = Field(1, ge=1)
    shadows: int = Field(0, ge=0)
    reference: Literal["retrained", "processed"] = "retrained"
    gate: float = Field(0.01, gt=0)
    utility_margin: float = Field(0.05, gt=0, lt=1)
    corpus: CorpusConfig = CorpusConfig()
    model: ModelConfig = ModelConfig()
    pilot: PilotConfig | None = None
    train: LoopSettings = LoopSettings()
    unlearn: LoopSettings = LoopSettings()
    methods: list[MethodConfig] = Field(default_factory=list)
    scoring: ScoringConfig = ScoringConfig()

    @property
    def oracle_count(self) -> int:
        """Trained here or made elsewhere."""
        return self.oracles if isinstance(self.oracles, int) else len(self.oracles)

    def make_corpus(self) -> Corpus:
        """The corpus this configuration names."""
        texts = self.corpus.templates
        templates = () if texts is None else read_lines(Path(texts), "corpus.templates")
        return replace(self._without_templates(), templates=templates)

    def training_corpus(self) -> Corpus:
        """The corpus as training, stop rules and matching see it: the first half of the never-trained owners."""
        return self.make_corpus().halves()[0]

    def audit_corpus(self) -> Corpus:
        """The corpus as attacks and certificates see it: the other half, which decided nothing."""
        return self.make_corpus().halves()[1]

    def _without_templates(self) -> Corpus:
        c = self.corpus
        if c.kind == "continuation":
            return continuation(c.forget, c.retain, c.holdout, c.related, self.seed)
        corpus = self._in_one_wording()
        return corpus if c.overlap is None else overlapping(corpus, c.overlap, self.seed)

    def _in_one_wording(self) -> Corpus:
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
        own = c.skew if c.forget_skew is None else c.forget_skew
        return generate(c.forget, c.retain, c.holdout, (c.skew, own), sentences, self.seed)

    def dump(self) -> str:
        """YAML that `load_config` reads back."""
        fields = set(OF_THE_RUN)
        unused: dict[str, Any] = {name: True for name in ("out", "original", "models") if not getattr(self, name)}
        return yaml.safe_dump(self.model_dump(exclude={"train": fields, "unlearn": fields, **unused}), sort_keys=False)


def load_config(preset: str = "tiny", file: Path | None = None, **changes: Any) -> RunConfig:
    """A preset, overridden by a YAML file, overridden by `changes` (None = keep).

    Raises `ArgumentError` naming the field, what is allowed and what came.

    >>> load_config("tiny").oracle_count >= 3
    True
    """
    require(preset in preset_names(), "preset", ", ".join(preset_names()), preset)
    data = read_preset(preset)
    if file is not None:
        data = merge(data, read_yaml(Path(file)))
    data = merge(data, {k: v for k, v in changes.items() if v is not None})
    for section in ("train", "unlearn"):
        for key in OF_THE_RUN:
            own = isinstance(data.get(section), dict) and key in data[section]
            require(not own, f"{section}.{key}", "nothing here: the run's own seed and accuracy decide", key)
    try:
        config = RunConfig(**data)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            raise ArgumentError(
                where, "a known key", f"{first['loc'][-1]}{_nearest_key(str(first['loc'][-1]))}"
            ) from None
        raise ArgumentError(where or "config", rule(first["msg"]), first.get("input")) from None
    labels = [("methods", m.label) for m in config.methods] + [("models", m.label) for m in config.models]
    seeds = range(config.seeds) if config.seeds > 1 else ()
    check_labels([*labels, *((table, f"{label}, seed {k}") for table, label in labels for k in seeds)])
    enough = config.seeds == 1 or config.oracle_count == 2 * config.seeds
    require(enough, "oracles", f"twice the seeds, {2 * config.seeds}: one half is the floor", config.oracle_count)
    given = [("original", config.original)] if config.original else []
    for where, paths in [*given, *((f"models, {m.label}", m.path) for m in config.models)]:
        require(len(paths) == config.seeds, where, f"a folder or hub id a seed, {config.seeds}", len(paths))
    for entry in config.methods:
        clash = sorted(set(entry.loop) & set(OF_THE_RUN))
        require(
            not clash, f"methods, {entry.label}, loop", "settings of its own (its seed stands beside `loop`)", clash
        )
        config.unlearn.changed(entry.loop)
    return config


def _nearest_key(key: str) -> str:
    from experiments.methods import nearest

    sections: list[type[BaseModel]] = [RunConfig, *Section.__subclasses__()]
    return nearest(
        key, sorted({name for section in sections for name in section.model_fields} | set(_setting_checks()))
    )


def select_methods(config: RunConfig, labels: list[str]) -> RunConfig:
    """Keep only the named rows: of the methods table, and of models made elsewhere."""
    entries, ready = {m.label: m for m in config.methods}, {m.label: m for m in config.models}
    for label in labels:
        require(label in entries | ready, "method", ", ".join(entries | ready), label)
    kept = dict.fromkeys(labels)
    update = {
        "methods": [entries[x] for x in kept if x in entries],
        "models": tuple(ready[x] for x in kept if x in ready),
    }
    return config.model_copy(update=update)
