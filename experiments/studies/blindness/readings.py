"""A reading of a signal, and what five of them say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ORIGINAL, ORACLE = "original", "oracle-0"
"""The two models that every signal is read at."""


@dataclass(frozen=True)
class Reading:
    """A signal and its floor, both nats."""

    value: float
    """Forget set against the reference set."""
    floor: float
    """One half of the reference set against the other, split by owner."""


Readings = dict[str, dict[str, Reading]]
"""Model -> signal -> reading."""


def stored_readings(readings: Readings) -> dict[str, Any]:
    """As JSON holds them."""
    return {m: {k: {"value": r.value, "floor": r.floor} for k, r in row.items()} for m, row in readings.items()}


def readings_from(numbers: Mapping[str, Any]) -> Readings:
    """From JSON."""
    return {m: {k: Reading(**r) for k, r in row.items()} for m, row in numbers.items()}


def interval(values: Sequence[float], confidence_level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student interval over seeds.

    >>> interval([1.0, 1.0])
    (1.0, 1.0, 1.0)
    """
    from scipy.stats import t as student

    x = np.asarray(values, dtype=float)
    half = float(student.ppf(0.5 + confidence_level / 2, x.size - 1)) * x.std(ddof=1) / np.sqrt(x.size)
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


def say(values: Sequence[float]) -> str:
    """`mean [low, high]`."""
    mean, low, high = interval(values)
    return f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def sign(values: Sequence[float]) -> str:
    """yes / inverted / no, by where the interval over seeds lies."""
    _, low, high = interval(values)
    return "yes" if low > 0 else "inverted" if high < 0 else "no"


def sees(rows: Sequence[Readings], label: str) -> str:
    """Does the signal see memorisation? It must exceed its floor at the original, and exceed the oracle's excess."""
    a, b = ([r[name][label] for r in rows] for name in (ORIGINAL, ORACLE))
    excess = sign([x.value - x.floor for x in a])
    gap = sign([(x.value - x.floor) - (y.value - y.floor) for x, y in zip(a, b, strict=True)])
    return "no, at its floor" if gap == "yes" and excess != "yes" else gap
