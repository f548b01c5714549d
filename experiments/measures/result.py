"""What is kept of a measured model: typed, as JSON, loaded back as what it was."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from experiments.measures.detectors import Attack
from mari_theory.certificates.certificate import Certificate

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


class Row(Record):
    """Everything measured about one model."""

    name: str
    kind: Literal["original", "oracle", "method"]
    seconds: float
    steps: int
    stopped: str
    measures: dict[str, Number]
    """By the names of `measures.table.MEASURES`."""
    groups: dict[str, dict[str, Number]]
    """By the names of `measures.table.GROUPS`; a group that does not apply is left out."""
    pairs: dict[str, PairResult]
    """By the names of `measures.pairs.PAIRS`; a pair that does not apply is left out."""
    rungs: dict[str, PairResult] = {}
    """By the names of `measures.channels.CHANNELS`: the oracles against this model, seen through one channel."""
    attacks: tuple[Attack, ...]
    """Membership attacks: forget questions against never-seen ones."""

    @property
    def oracle(self) -> Certificate:
        """The certificate of the oracle pair."""
        return self.pairs["oracle"].certificate

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
