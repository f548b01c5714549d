"""A model's distance from the oracles on one side of a corpus, and what several seeds of it say in plain language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What certified ends, and measured losses for the way, say of one side."""

    AS_RETRAINING = "as a retraining"
    OVER = "over-forgets"
    UNDER = "under-forgets"
    OTHER = "differs, neither way"
    UNDECIDED = "undecided"
    CLOSED = "no verdict"


@dataclass(frozen=True)
class Reading:
    """One model on one side."""

    beyond: Mapping[str, tuple[float, float]]
    """Rung -> certified ends of the JSD to the oracles less that of another retraining, nats."""
    accuracy: float
    """Share of answer tokens that greedy decoding gets right."""
    oracle_accuracy: float
    """The same of the oracles."""
    loss: float
    """Mean nats an answer token."""
    oracle_loss: float
    """The same of the oracles."""


Seeds = list[dict[str, dict[str, Reading]]]
"""Of each seed: row -> side -> reading; a side without items is left out."""


def readings_from(numbers: Sequence[Mapping[str, Any]]) -> Seeds:
    """From the `rows` of every seed, as JSON holds them."""
    return [{row: {k: Reading(**r) for k, r in sides.items()} for row, sides in n["rows"].items()} for n in numbers]


def of_row(seeds: Seeds, row: str, part: str) -> list[Reading]:
    """One reading a seed, of those that have this side."""
    return [s[row][part] for s in seeds if part in s[row]]


def mean_ends(readings: Sequence[Reading], rung: str) -> tuple[float, float]:
    """Certified ends of the mean over these seeds: exact certificates hold for all of them at once."""
    low, high = (sum(r.beyond[rung][end] for r in readings) / len(readings) for end in (0, 1))
    return low, high


def verdict(readings: Sequence[Reading], margins: Mapping[str, float]) -> Verdict:
    """Farther than a retraining by more than the margin on a rung, and then which way; or within it on every rung of `margins`.

    The distance is certified. The way is that of the measured loss on true answers beside the oracles', the same at every seed.
    Without a rung whose gate is open there is no verdict.

    >>> far = Reading({"choice": (0.1, 0.1)}, 0.2, 0.9, 3.0, 0.5)
    >>> str(verdict([far], {"choice": 0.02}))
    'over-forgets'
    """
    if not margins:
        return Verdict.CLOSED
    ends = {rung: mean_ends(readings, rung) for rung in margins}
    if any(low > margins[rung] for rung, (low, _) in ends.items()):
        ways = {Verdict.OVER if r.loss > r.oracle_loss else Verdict.UNDER for r in readings}
        return ways.pop() if len(ways) == 1 else Verdict.OTHER
    within = all(high <= margins[rung] for rung, (_, high) in ends.items())
    return Verdict.AS_RETRAINING if within else Verdict.UNDECIDED
