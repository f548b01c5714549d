"""What somebody asks for, and the audit's configuration that it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.config import LoopSettings, MethodConfig, RunConfig, load_config
from experiments.data.encoding import is_word_level
from experiments.data.items import Corpus
from experiments.models.load import load_tokenizer
from experiments.models.smollm2 import model_path
from experiments.unlearning.retrain import TINY
from mari_theory.errors import require

LOOK = 5
"""Steps between two looks of an unlearning run, which ends where the forget loss reaches the never-seen items'."""


@dataclass(frozen=True)
class Ask:
    """A deletion request: a model, whose data goes, and how it is to be done. Raises `ArgumentError` on what cannot be."""

    model: str
    """The model that has seen the data: a folder, a hub id, or `smollm2`."""
    oracles: tuple[str, ...] = ()
    """Models retrained without the data, at least two; none: they are trained here from `base`."""
    base: str | None = None
    """The model before it saw the data, to retrain from; `tiny` is the toy."""
    method: str | None = None
    """Of unlearning; None: validation picks one."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the method."""
    loop: LoopSettings = field(default_factory=lambda: LoopSettings(steps=60, lr=3e-4, batch_retain=8, batch_forget=8, batch_background=0))  # fmt: skip
    """Of unlearning; seed and stop rules are the request's own."""
    retraining: LoopSettings = field(default_factory=lambda: LoopSettings(epochs=5, lr=3e-4, batch_retain=8, batch_forget=1, batch_background=0))  # fmt: skip
    """Of oracles trained here: as the model was trained on the data that stay."""
    count: int = 2
    """Oracles to train, at least 2: one is the floor."""
    rank: int = 16
    """LoRA's, 0 trains all parameters."""
    half_precision: bool = False
    """Train in bfloat16 on float32 weights; audits are in float32."""
    device: str = "auto"
    """Where models compute."""
    margin: float = 0.02
    """Nats within which models count as equivalent."""
    confidence: float = 0.95
    """Of every certificate, all its numbers together."""
    gate: float = 0.01
    """Nats that the model may lie farther from the oracles than a retraining does on questions that stay."""
    draws: int = 1000
    """Outputs an arm."""
    max_new: int = 32
    """Tokens of the longest output."""
    seed: int = 0
    """Of everything drawn, at least 0."""

    def __post_init__(self) -> None:
        given = len(self.oracles) != 1
        require(
            given, "--oracle", "at least 2 (one is the floor of every number), or none and --base", len(self.oracles)
        )
        enough = self.oracles or self.base is not None
        require(
            enough,
            "--oracle",
            "retrained models, or --base: the model before it saw the data, to retrain from",
            "neither",
        )
        require(self.oracles or self.count >= 2, "--count", "at least 2: one is the floor of every number", self.count)


def plan(ask: Ask, data: Corpus, folder: Path, methods: Sequence[MethodConfig]) -> RunConfig:
    """The configuration of an audit of these methods on the data, which lie in `folder`; word-level models with answers of one word are enumerated."""
    tokenizer = load_tokenizer(model_path(ask.model))
    answers = [i.answer for part in data.splits().values() for i in part]
    short = is_word_level(tokenizer) and all(
        len(x) == 1 for x in tokenizer(answers, add_special_tokens=False)["input_ids"]
    )
    rungs = {} if short else {"first-token": ask.margin, "next-token": ask.margin}
    toy = ask.base == TINY
    common = ("seed", "accuracy_start")
    config = load_config(
        "tiny",
        seed=ask.seed,
        confidence=ask.confidence,
        margin=ask.margin,
        gate=ask.gate,
        workers=1,
        original=(ask.model,),
        oracles=ask.oracles or ask.count,
        corpus={"kind": "jsonl", "folder": str(folder)},
        model={
            "kind": "tiny" if toy else "adapter",
            "path": ask.model if ask.base is None or toy else ask.base,
            "rank": ask.rank,
            "device": ask.device,
            "half_precision_training": ask.half_precision,
        },
        train=_plain(ask.retraining, common),
        unlearn=_plain(replace(ask.loop, stop_at_holdout=True, evaluate_every=LOOK), common),
        methods=[m.model_dump() for m in methods],
        scoring={
            "draws": ask.draws,
            "shift_draws": max(2, ask.draws // 2),
            "max_new": 2 if short else ask.max_new,
            "enumerate_exactly": short,
            "channels": rungs,
            "truth_items": 0,
            "general_items": 0,
            "rouge_items": 32,
            "robustness": False,
        },
    )
    return config.model_copy(update={"preset": "request"})


def _plain(settings: LoopSettings, left_out: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if name not in left_out}
