"""What the checker says: one line a number, and what it rebuilt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mari_theory.certificates.rules import Words
from mari_theory.errors import printable

ESTIMATE = 1e-9
"""An estimate is no bound: recomputed within this."""
SLACK = 1e-6
"""A proved end may be this much looser than the method's own, or what `looser` allows: searches differ in their last steps."""


@dataclass(frozen=True)
class CheckedNumber:
    """One number or word: what the certificate says, what the evidence says."""

    name: str
    """Where it stands in the certificate."""
    claimed: Any
    """What the certificate says."""
    recomputed: Any
    """What the evidence gives."""
    ok: bool
    """Does the claim hold?"""

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'} {_short(self.name)}: claimed {_short(self.claimed)}, recomputed {_short(self.recomputed)}"


def _short(x: Any) -> str:
    text = printable(str(x))
    return text if len(text) <= 160 else text[:157] + "..."


@dataclass(frozen=True)
class Rebuilt:
    """What the evidence gives; `present` and `exact` name the parts that are sampled and enumerated."""

    words: Words
    """Pair, access, theorem, assumptions."""
    metadata: dict[str, Any]
    """What the files say of themselves."""
    n: int
    """Rows, laws or averaged outputs."""
    prompts: int
    """Number of prompts; 0 for pooled means."""
    owners: int
    """Number of units of the worst case."""
    present: tuple[str, ...]
    """Parts that spend a level."""
    exact: tuple[str, ...]
    """Parts that are enumerated."""
    has_room: bool
    """Does the average say how many prompts may be far above it?"""
    findings: list[CheckedNumber] = field(default_factory=list)
    """Lines compared so far."""
    roc_upper: Callable[[float], float] = lambda _: 1.0
    """Upper curve of the ROC band."""


def canonical(data: Any) -> str:
    """JSON data as one text: in Python `true` equals 1 and 1 equals 1.0, in a certificate they differ.

    >>> canonical({"b": True, "a": 1}), canonical({"b": 1, "a": 1.0})
    ('{"a": 1, "b": true}', '{"a": 1.0, "b": 1}')
    """
    return json.dumps(data, sort_keys=True)


def equal(name: str, claim: Any, value: Any) -> CheckedNumber:
    """The same value and type."""
    return CheckedNumber(name, claim, value, type(claim) is type(value) and bool(claim == value))


def close(name: str, claim: float | None, value: float | None, within: float = ESTIMATE) -> CheckedNumber:
    """Numbers that are no bounds, or whose validity is proved elsewhere."""
    if claim is None or value is None:
        return CheckedNumber(name, claim, value, claim is None and value is None)
    ok = abs(claim - value) <= within * max(1.0, abs(value))
    return CheckedNumber(name, claim, value, bool(ok))


def looser(low: float, high: float, top: float) -> tuple[float, float]:
    """How far outside its own ends a method may claim on [0, top]: a thousandth of the interval, or what bins of 1/32 octave cost.

    >>> [round(x, 7) for x in looser(0.2, 0.3, 1.0)]
    [0.0001, 0.00014]
    """
    least = max(SLACK, 1e-3 * (high - low))
    return max(least, 2e-4 * low), max(least, 2e-4 * (top - high))


def not_inside(name: str, side: str, claim: float, bound: float, loose: float = 1e-9) -> CheckedNumber:
    """A claimed end that does not go inside `bound`, and is at most `loose` outside."""
    ok = claim <= bound and bound - claim <= loose if side == "lower" else claim >= bound and claim - bound <= loose
    return CheckedNumber(name, claim, bound, bool(ok))
