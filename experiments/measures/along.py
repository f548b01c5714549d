"""Readings along a run: at every look the exact rungs of the model against the oracles, and what detectors of the same channel get there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimators.audit import audit_scores
from experiments.config import LoopSettings, RunConfig
from experiments.data.items import Item
from experiments.labels import slug
from experiments.measures.channels import CHANNELS, Table, exact_rungs, mean_table
from experiments.models.banks import ModelBank
from experiments.seeds import seed_of
from experiments.unlearning.roles import Entry, entries_of, reference_names
from mari_theory import jensen_shannon, max_accuracy, total_variation
from mari_theory.units import LN2, Floats

DRAWS = 400
"""Outputs of each arm that detectors are set on at a look; half of them choose a threshold, the others count."""
ROUNDING = 1e-6
"""Added to an exact reading: laws are normalised in float64 from logits in float32, the same ones that the detectors' outputs are drawn from."""

Detector = Callable[[Floats, Floats, Floats], Floats]
"""Scores of options, given their probabilities under the oracles, the audited model and the model that the run started from."""

DETECTORS: dict[str, Detector] = {
    "likelihood ratio": lambda p, q, before: np.log(q + 1e-300) - np.log(p + 1e-300),
    "probability under the model": lambda p, q, before: q,
    "probability under the oracles": lambda p, q, before: p,
    "probability under the original": lambda p, q, before: before,
}
"""By name; the first is the optimal one."""


@dataclass(frozen=True)
class Laws:
    """One law a place: both arms and the original, over the same options."""

    p: Sequence[Floats]
    """Of the oracles."""
    q: Sequence[Floats]
    """Of the model on its way."""
    before: Sequence[Floats]
    """Of the model that the run started from."""


class Along:
    """Reads one run of a method against the oracles of a finished part of its audit.

    Rungs are exact for the forget questions, so only the detectors carry a level: the run's, split over every look of every run (T20).
    """

    def __init__(self, config: RunConfig, role: Entry, bank: ModelBank, items: Sequence[Item], start: str) -> None:
        began = time.perf_counter()
        self.config, self.role, self.items, self.tokenizer = config, role, items, bank.tokenizer
        self.channels = [
            CHANNELS[name] for name in exact_rungs(config.scoring.channels) if CHANNELS[name].applies(items)
        ]
        self.oracles = [self._average(bank, channel.name) for channel in self.channels]
        model = bank.use(start)
        self.before = [self._flat(model, channel.name) for channel in self.channels]
        self.confidence = 1.0 - (1.0 - config.confidence) / max(comparisons(config), 1)
        self.seconds = time.perf_counter() - began
        """Spent on readings, not on unlearning."""

    def read(self, model: Any, step: int) -> dict[str, float]:
        """Of each channel its `jsd` and `tv`, exact, and under a detector's name the total variation that it proves, by `channel key`."""
        began = time.perf_counter()
        out: dict[str, float] = {}
        for k, channel in enumerate(self.channels):
            laws = Laws(self.oracles[k], self._flat(model, channel.name), self.before[k])
            seed = seed_of(self.config.seed, self.role.name, channel.name, step)
            out |= {f"{channel.name} {key}": value for key, value in reading(laws, self.confidence, seed).items()}
        self.seconds += time.perf_counter() - began
        return out

    def _table(self, model: Any, channel: str) -> Table:
        return CHANNELS[channel].laws(model, self.tokenizer, self.items, self.config.unlearn.max_answer)

    def _flat(self, model: Any, channel: str) -> list[Floats]:
        return _by_place(self._table(model, channel))

    def _average(self, bank: ModelBank, channel: str) -> list[Floats]:
        return _by_place(mean_table([self._table(bank.use(slug(n)), channel) for n in reference_names(self.config)]))


def _by_place(table: Table) -> list[Floats]:
    return [law for places in table for law in places]


def reading(laws: Laws, confidence: float, seed: int) -> dict[str, float]:
    """Exact divergence and total variation averaged over places, and the detectors on draws of both arms, places uniform."""
    pairs = list(zip(laws.p, laws.q, strict=True))
    jsd = math.fsum(float(jensen_shannon(p, q, check=False)) for p, q in pairs) / len(pairs)
    variation = math.fsum(float(total_variation(p, q)) for p, q in pairs) / len(pairs)
    out = {"jsd": jsd, "tv": variation}
    rng = np.random.default_rng(seed)
    drawn = [_draw(arm, rng) for arm in (laws.p, laws.q)]
    for name, detector in DETECTORS.items():
        scores = [
            np.array([detector(*(np.asarray(a[i][x]) for a in (laws.p, laws.q, laws.before))) for i, x in rows])
            for rows in drawn
        ]
        out[name] = audit_scores(scores[0], scores[1], confidence).total_variation_lower
    return out


def _draw(arm: Sequence[Floats], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Places uniform with replacement, and an option of each."""
    places = rng.integers(len(arm), size=DRAWS).tolist()
    return [(i, int(rng.choice(arm[i].size, p=arm[i]))) for i in places]


def refuted(history: Sequence[dict[str, float]], channels: Sequence[str]) -> list[str]:
    """Looks at which a detector is certainly better than the ceiling: there are none unless something is wrong."""
    out = []
    for look in history:
        for channel in channels:
            if f"{channel} tv" not in look:
                continue
            ceiling = look[f"{channel} tv"] + ROUNDING
            out += [
                f"step {look['step']:.0f}, {channel}, {name}"
                for name in DETECTORS
                if look[f"{channel} {name}"] > ceiling
            ]
    return out


def share_of_ceiling(look: dict[str, float], channel: str) -> float | None:
    """What the optimal detector uses of the accuracy above 1/2 that the divergence allows (T5); None where that is nothing."""
    room = float(max_accuracy(min(look[f"{channel} jsd"], LN2))) - 0.5
    return look[f"{channel} tv"] / 2 / room if room > 1e-9 else None


def comparisons(config: RunConfig) -> int:
    """Of a detector with a ceiling, over all runs of all methods: every look, channel and detector."""
    total = 0
    for role in entries_of(config):
        entry = next(m for m in config.methods if m.label == role.label)
        total += looks_of(config.unlearn.changed(entry.loop))
    return total * len(exact_rungs(config.scoring.channels)) * len(DETECTORS)


def looks_of(s: LoopSettings) -> int:
    """Looks of a run to its end.

    >>> looks_of(LoopSettings(steps=20, evaluate_every=10))
    3
    """
    return 1 + math.ceil(s.steps / s.evaluate_every)


def run_reader(config: RunConfig, role: Entry, bank: ModelBank, items: Sequence[Item], start: str) -> Along | None:
    """What reads a method's run; None where the run certifies no rung."""
    return Along(config, role, bank, items, start) if exact_rungs(config.scoring.channels) else None
