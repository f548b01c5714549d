"""Farther than a retraining? The difference of two certificates against the same oracles, derived again from both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mari_theory.certificates.certificate import Certificate
from mari_theory.errors import require
from mari_theory.rounding import span
from mari_theory.shown import Shown

SAME = ("arm_p", "prompts", "corpus", "decoding", "channel", "template")
"""What the evidence of both must say alike: the oracles, what they were asked, what was seen."""


@dataclass(frozen=True)
class Beyond(Shown):
    """An interval for a row's divergence to the oracles less that of other retrained models to them (T33)."""

    lower: float
    """Nats."""
    upper: float
    """Nats."""
    confidence: float
    """Of both certificates together."""
    margin: float
    """Nats by which a row may be farther than a retraining."""
    withheld: bool
    """Does either certificate withhold its verdict?"""

    @property
    def verdict(self) -> str | None:
        """Of `verdict_beyond`; None where it is withheld."""
        return None if self.withheld else verdict_beyond(self.lower, self.upper, self.margin)

    def __str__(self) -> str:
        said = self.verdict or "no verdict"
        return f"beyond the floor by {span(self.lower, self.upper, 6)} nats at confidence {self.confidence:g}: {said} (margin {self.margin:g})"


def verdict_beyond(lower: float, upper: float, margin: float) -> str:
    """`as a retraining` (up to the margin), `more detectable`, or `undecided`.

    >>> verdict_beyond(-0.001, 0.004, 0.006)
    'as a retraining'
    """
    if upper <= margin:
        return "as a retraining"
    return "more detectable" if lower > margin else "undecided"


def beyond(own: Certificate, floor: Certificate, margin: float | None = None) -> Beyond:
    r"""The interval of two certificates whose arm P is the same oracles; ends are rounded outwards (T33).

    .. math:: \underline J(U, R) - \overline J(R', R) \le J(U, R) - J(R', R) \le \overline J(U, R) - \underline J(R', R)

    Both intervals hold at once with probability at least 1 minus both errors. `margin`: nats, that of the first certificate unless given.
    Raises `ArgumentError` where oracles, prompts, access, population or unit differ, or where one was refuted.
    """
    for name, x, y in (
        *((k, getattr(own.claim, k), getattr(floor.claim, k)) for k in ("pair", "access", "population", "quantity")),
        *((k, own.metadata.get(k), floor.metadata.get(k)) for k in SAME),
        *((k, getattr(own.request, k), getattr(floor.request, k)) for k in ("owner", "prompt", "trust")),
    ):
        require(x == y, f"floor, {name}", f"{x} as in the certificate", y)
    require(
        own.claim.pair == "oracle", "certificate, pair", "oracle, whose arm P is the retrained models", own.claim.pair
    )
    for name, certificate in (("certificate", own), ("floor", floor)):
        require(certificate.refuted_by is None, name, "one that no detector refuted", certificate.refuted_by)
    return Beyond(
        lower=math.nextafter(own.claim.lower - floor.claim.upper, -math.inf),
        upper=math.nextafter(own.claim.upper - floor.claim.lower, math.inf),
        confidence=max(own.claim.confidence + floor.claim.confidence - 1.0, 0.0),
        margin=own.margin if margin is None else margin,
        withheld=own.no_verdict is not None or floor.no_verdict is not None,
    )
