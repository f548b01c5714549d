"""What is kept of a measured model: typed, as JSON, loaded back as what it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from experiments.measures.detectors import Attack
from experiments.unlearning.roles import Kind
from mari_theory.certificates.beyond import verdict_beyond
from mari_theory.certificates.certificate import Certificate
from mari_theory.rounding import up

Number = float | None
"""None: the number does not exist for this model (not a number, or not measured)."""


class AuditFailure(Exception):
    """A certificate was refuted, or an interval missed the enumerated value at confidence 1 - 1e-6."""


class Record(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Coverage(Record):
    """A sampled interval beside the divergence of every output enumerated (an enclosure)."""

    file: str
    low: float
    high: float
    lower: float
    upper: float
    covered: bool
    missed_wide: bool
    """Missed at confidence 1 - 1e-6 too: the audit fails."""
    wide: tuple[float, float]


class DetectorPoint(Record):
    """Where a detector came out on held-out rows, and what that proves: certified lower bounds (T19)."""

    fpr: float
    tpr: float
    accuracy: float
    jsd_lower: float
    tv_lower: float


class PairResult(Record):
    """One pair of arms: its certificate, and what was tried on it."""

    certificate: Certificate
    sampled: Certificate | None = None
    """From sampled outputs, where `certificate` is of enumerated laws."""
    numbers: dict[str, Number] = {}
    """What a pair has beside its certificate, by name."""
    detectors: dict[str, DetectorPoint] = {}
    coverage: tuple[Coverage, ...] = ()
    problems: tuple[str, ...] = ()


class Excess(Record):
    """How much farther a row lies from the oracles than other retrained models do: a difference of divergences, nats."""

    lower: float
    upper: float
    margin: float
    """How much counts as none."""
    method: Literal["exact", "paired"]
    """From two exact certificates, or an interval for the mean of paired draws (at the run's confidence, each by itself)."""

    @property
    def verdict(self) -> str:
        """What the two ends say."""
        return verdict_beyond(self.lower, self.upper, self.margin)


ANSWER = "answer"
"""Whole outputs, beside the names of the exact rungs."""


class Gate(Record):
    """Whether forget-side numbers measure memory: on retain questions originals lie no farther from the oracles than a retraining does."""

    margin: float
    """Nats."""
    readings: dict[str, Excess]
    """By rung, and `answer` for whole outputs."""

    def passed(self, name: str) -> bool:
        """For this rung; for one without a reading, all of them."""
        return self._worst(name) <= self.margin

    def why(self, name: str) -> str:
        """What a closed gate found on this rung; goes into the evidence, whose certificate then has no verdict."""
        return f"on retain questions originals lie up to {up(self._worst(name))} nats farther from the oracles than a retraining does; at most {self.margin:g} allowed"

    def _worst(self, name: str) -> float:
        return max(x.upper for x in ([self.readings[name]] if name in self.readings else self.readings.values()))

    @property
    def failures(self) -> list[str]:
        """Rungs that fail."""
        return [name for name in self.readings if not self.passed(name)]


class Knowledge(Record):
    """Whether retrained models know the data to forget: to an honest one they are as never-seen data are."""

    p_value: float
    """Of a permutation test with owners as units, all retrained models and scores at once, blind baseline taken off."""
    least: float
    """The smallest p-value that so many owners allow."""
    level: float
    """Probability at most of naming honest models."""
    share: Number
    """How far on the way from never-seen answers to those that stay; None where what stays is known no better."""
    exact: tuple[float, float]
    """Share of answers known by heart: to forget, never seen; means over the models."""
    owners: tuple[int, int]
    """To forget, never seen."""

    @property
    def flagged(self) -> bool:
        """Do they know too much for a verdict?"""
        return self.p_value <= self.level and (self.share is None or self.share >= MATERIAL)

    @property
    def testable(self) -> bool:
        """Are there owners enough for the test to reach its level?"""
        return self.least <= self.level

    @property
    def why(self) -> str:
        """What was found, in words; goes into the evidence, whose certificate then has no verdict."""
        way = (
            ""
            if self.share is None
            else f"{100 * self.share:.0f} % of the way from never-seen answers to those that stay, "
        )
        return (
            f"retrained models know the data to forget: {way}exact answers {self.exact[0]:.2f} against {self.exact[1]:.2f} never seen "
            f"(permutation test, {self.owners[0]} owners against {self.owners[1]}, p = {self.p_value:.2g} at level {self.level:.2g})"
        )


MATERIAL = 0.2
"""Less than this share of the way is not called knowledge, however certain it is."""


class NonInferiority(Record):
    """Answer-token accuracy of a row's models beside the oracles', owners as units."""

    accuracy: float
    oracles: float
    difference: float
    """Mean over owners."""
    lower: Number
    """Student's one-sided lower end of it (differences about normal, owners drawn like these); None for one owner."""
    upper: Number = None
    """Its one-sided upper end, likewise."""
    owners: int
    margin: float

    @property
    def holds(self) -> bool:
        """Is the loss certainly within the margin?"""
        return self.lower is not None and self.lower >= -self.margin

    @property
    def lost(self) -> bool:
        """Is the loss certainly beyond the margin?"""
        return self.upper is not None and self.upper < -self.margin


class Row(Record):
    """Everything measured about one model, or about the models of one row, trained alike with other seeds."""

    name: str
    kind: Kind
    models: tuple[str, ...]
    """Its models by name."""
    seconds: Number
    """Of training one of them, on average; None for models made elsewhere."""
    steps: int | None
    """The most that one of them took; None for models made elsewhere."""
    stopped: str
    measures: dict[str, Number]
    """By the names of `measures.table.MEASURES`; means over the models."""
    by_model: tuple[dict[str, Number], ...]
    """The same of each model."""
    groups: dict[str, dict[str, Number]]
    """By the names of `measures.table.GROUPS`, of the first model; a group that does not apply is left out."""
    excess: dict[str, Excess] = {}
    """Beyond the floor: by rung, and `answer` for whole outputs."""
    utility: dict[str, NonInferiority] = {}
    """By what is asked: `retain`, and `general` where the data have questions that no fine-tuning saw."""
    pairs: dict[str, PairResult]
    """By the names of `measures.pairs.PAIRS`; a pair that does not apply is left out."""
    rungs: dict[str, PairResult] = {}
    """By the names of `measures.channels.CHANNELS`: the oracles against this row, seen through one channel."""
    attacks: tuple[Attack, ...]
    """Membership attacks, means over the models: forget questions against never-seen ones."""

    @property
    def oracle(self) -> Certificate:
        """The certificate of the oracle pair."""
        return self.pairs["oracle"].certificate

    @property
    def damaged(self) -> bool:
        """Is accuracy on what stays, or on the world, certainly lost beyond the margin?"""
        return any(u.lost for u in self.utility.values())

    @property
    def verdict(self) -> str:
        """Of the oracle pair, as tables say it: a wrecked model may well be close to the oracles on what it forgot."""
        return (self.oracle.verdict or "no verdict") + (", but damaged" if self.damaged else "")

    @property
    def best_attack(self) -> float:
        """The larger of AUC and 1 - AUC over the attacks."""
        return max(a.advantage_auc for a in self.attacks)


def finite(x: Any) -> Number:
    """A plain number, or None for one that is not finite.

    >>> finite(1), finite(math.nan)
    (1.0, None)
    """
    value = float(x)
    return value if math.isfinite(value) else None


def mean_numbers(numbers: Sequence[dict[str, Number]]) -> dict[str, Number]:
    """Mean of each number over those who have it.

    >>> mean_numbers([{"a": 1.0, "b": None}, {"a": 3.0, "b": None}])
    {'a': 2.0, 'b': None}
    """
    out: dict[str, Number] = {}
    for key in numbers[0]:
        known = [x for n in numbers if (x := n.get(key)) is not None]
        out[key] = sum(known) / len(known) if known else None
    return out
