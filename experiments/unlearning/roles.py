"""What a model of a run is for: the original, an oracle, or an entry of the methods table. Names are made from roles, never read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from experiments.config import RunConfig


@dataclass(frozen=True)
class Original:
    """The model that has learnt everything, the forget set included."""

    kind: Literal["original"] = "original"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it."""
        return "original"


@dataclass(frozen=True)
class Oracle:
    """A retraining that never saw the forget set."""

    index: int
    """Number of the oracle, from 0; its seed follows from it."""
    kind: Literal["oracle"] = "oracle"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it."""
        return f"oracle-{self.index}"


@dataclass(frozen=True)
class Entry:
    """The original after a method of the methods table."""

    label: str
    """Its label, which no other row of that table has."""
    kind: Literal["method"] = "method"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it: the label."""
        return self.label


Role = Original | Oracle | Entry


def oracles_of(config: RunConfig) -> list[Oracle]:
    """Same data, same schedule, other seeds.

    >>> [o.name for o in oracles_of(RunConfig(oracles=2))]
    ['oracle-0', 'oracle-1']
    """
    return [Oracle(k) for k in range(config.oracles)]


def entries_of(config: RunConfig) -> list[Entry]:
    """One a row of the methods table."""
    return [Entry(m.label) for m in config.methods]


def oracle_names(config: RunConfig) -> list[str]:
    """Names of all oracles."""
    return [o.name for o in oracles_of(config)]


def oracle_pairs(oracles: Sequence[str]) -> list[tuple[str, str]]:
    """Every two oracles: two exact retrainings differ, and by how much is the floor of every oracle number (T25)."""
    return list(combinations(oracles, 2))


def oracle_arm(oracles: Sequence[str], row: str) -> list[str]:
    """The oracle arm for a row of the table: all oracles, or the others when the row is an oracle itself.

    >>> oracle_arm(["oracle-0", "oracle-1"], "oracle-0")
    ['oracle-1']
    """
    return [o for o in oracles if o != row]
