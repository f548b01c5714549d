"""What is asked: a corpus a section, and which two sides of it are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from experiments.config import CorpusConfig, MethodConfig, RunConfig, load_config
from experiments.data.items import Part
from experiments.studies.methods.grid import read_grid
from experiments.studies.selection.grid import FEWEST, GRID

SHARES = (0.0, 0.25, 0.5, 0.75)
RUNGS = {"choice": 0.02, "next-token": 0.02}
"""Of the toy, with their margins (nats)."""
TOY, TEXT, REAL, REAL_TEXT = "The toy", "Running text", "SmolLM2-135M on TOFU", "SmolLM2-135M on running text"
"""Kinds of corpus, with the model that is trained on them."""


@dataclass(frozen=True)
class Case:
    """One section."""

    section: str
    """Its name on the command line."""
    kind: str
    """`TOY`, `TEXT`, `REAL` or `REAL_TEXT`."""
    title: str
    """On the page."""
    parts: tuple[Part, Part] = ("shared", "exclusive")
    """The sides that are read."""
    corpus: dict[str, Any] = field(default_factory=dict)
    """What it changes in the corpus's configuration."""

    @property
    def is_text(self) -> bool:
        """Documents of running text, which are forgotten or stay."""
        return self.kind in (TEXT, REAL_TEXT)

    @property
    def on_a_real_model(self) -> bool:
        """SmolLM2 instead of the toy."""
        return self.kind in (REAL, REAL_TEXT)

    @property
    def share(self) -> float | None:
        """Of the forget facts that what stays states too; None for running text."""
        return self.corpus.get("overlap")


def _shares(kind: str, name: str) -> list[Case]:
    title = "{:.0f} % of the forget facts are stated by what stays too"
    return [Case(f"{name}-{100 * s:.0f}", kind, title.format(100 * s), corpus={"overlap": s}) for s in SHARES]


def _text(name: str, title: str, forget: int, retain: int, related: bool, kind: str = TEXT) -> Case:
    corpus = {"kind": "continuation", "forget": forget, "retain": retain, "related": related, "sentences": False}
    return Case(name, kind, title, ("forget", "retain"), corpus)


CASES: dict[str, Case] = {
    case.section: case
    for case in (
        *_shares(TOY, "tiny"),
        _text("continuation-10-90", "10 % to forget, 90 % that stay, one topic", 3, 27, related=True),
        _text("continuation-50-50-correlated", "Half to forget, half that stay, one topic", 12, 12, related=True),
        _text("continuation-50-50-unrelated", "Half to forget, on a topic of its own", 12, 12, related=False),
        *_shares(REAL, "smollm2"),
        _text("smollm2-continuation", "10 % to forget, 90 % that stay, one topic", 4, 36, related=True, kind=REAL_TEXT),
    )
}
"""By section; those on a real model last, so that the others are there if its data are not."""

ADDED = (
    MethodConfig(label="MarI paper", name="mari-paper"),
    MethodConfig(label="task vector with repair", name="task-vector", settings={"fit": 25}, loop={"lr": 3e-4}),
)
"""Methods beside those of the preset `tiny`."""


def config_of(case: Case, seed: int, quick: bool) -> RunConfig:
    """The run behind a section: one original, three oracles (two to compare with, one for the floor), every method once."""
    return _real(case, seed) if case.on_a_real_model else _toy(case, seed, quick)


def _toy(case: Case, seed: int, quick: bool) -> RunConfig:
    base = load_config("tiny", seed=300 + seed)
    corpus = {"forget": 8, "retain": 16, "holdout": 8, "sentences": True, **case.corpus}
    # In epochs: originals and oracles see each item as often.
    train = {"epochs": 45.0, "batch_retain": 32, "batch_background": 32, "evaluate_every": 1000}
    unlearn = {"steps": 75, "batch_retain": 32, "batch_forget": 16, "batch_background": 32, "evaluate_items": 48}
    methods = [*one_of_each(base.methods), *ADDED]
    if case.kind == TEXT:  # running text names nobody to exchange: its references are other documents
        methods = [
            m.model_copy(update={"settings": {**m.settings, "source": "holdout"}}) if m.name == "mari-matched" else m
            for m in methods
        ]
        train |= {"epochs": 80.0, "batch_background": 16}
    if quick:
        corpus |= dict.fromkeys(("forget", "retain", "holdout"), 2)
        train |= {"epochs": 4.0, "batch_retain": 16, "batch_background": 8}
        unlearn |= {"steps": 4, "batch_retain": 8, "batch_forget": 8, "batch_background": 8}
        methods = methods[:2]
    return base.model_copy(
        update={
            "workers": 1,
            "corpus": CorpusConfig(**corpus),
            "train": base.train.changed(train),
            "unlearn": base.unlearn.changed(unlearn),
            "methods": methods,
            "scoring": base.scoring.model_copy(
                update={"channels": RUNGS, "enumerate_exactly": False, "gate_items": 8 if quick else 48}
            ),
        }
    )


def _real(case: Case, seed: int) -> RunConfig:
    """The preset with one seed a row; methods that it has no row of take the middle setting of the selection's grid."""
    base = load_config("smollm2", seed=300 + seed, seeds=1, oracles=3, corpus={"fallback": False, **case.corpus})
    own = {m.name for m in base.methods}
    middle = [
        rows[len(rows) // 2].model_copy(update={"label": label})
        for label, rows in read_grid(GRID, FEWEST).items()
        if rows[0].name not in own
    ]
    return base.model_copy(update={"methods": [*base.methods, *middle]})


def one_of_each(methods: list[MethodConfig]) -> list[MethodConfig]:
    """The first setting of every method; signals and references of MarI are methods of their own."""
    first: dict[tuple[Any, ...], MethodConfig] = {}
    for m in methods:
        first.setdefault((m.name, m.settings.get("signal"), m.settings.get("per")), m)
    return list(first.values())
