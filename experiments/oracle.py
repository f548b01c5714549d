"""Oracles: models retrained without the forget set, several by seed, and the noise floor between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from experiments.config import RunConfig


def oracle_names(config: RunConfig) -> list[str]:
    """oracle-0, oracle-1, ...: same data, same schedule, other seeds.

    >>> oracle_names(RunConfig(oracles=2))
    ['oracle-0', 'oracle-1']
    """
    return [f"oracle-{k}" for k in range(config.oracles)]


def oracle_pairs(oracles: Sequence[str]) -> list[tuple[str, str]]:
    """Every two oracles: two exact retrainings differ, and by how much is the floor of every oracle number (T25)."""
    return list(combinations(oracles, 2))


def oracle_arm(oracles: Sequence[str], row: str) -> list[str]:
    """The oracle arm for a row of the table: all oracles, or the others when the row is an oracle itself.

    >>> oracle_arm(["oracle-0", "oracle-1"], "oracle-0")
    ['oracle-1']
    """
    return [o for o in oracles if o != row]
