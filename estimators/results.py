"""What an estimator returns: numbers that carry their direction, confidence and assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from mari_theory.errors import require
from mari_theory.rounding import down_to, up_to
from mari_theory.shown import Shown


@dataclass(frozen=True)
class Interval(Shown):
    """Both ends hold together with probability at least `confidence` under `assumptions`.

    >>> print(Interval(0.01, 0.02, 0.95, method="betting"))
    [0.01, 0.02] at confidence 0.95 (betting)
    """

    lower: float
    """Lower end, in the unit of the quantity."""
    upper: float
    """Upper end."""
    confidence: float
    """Probability that it holds, before the data are seen."""
    method: str = ""
    """How it was found."""
    theorem: str = ""
    """Id of the theorem it rests on."""
    assumptions: tuple[str, ...] = ()
    """What must be true of the data, in plain words."""

    def __post_init__(self) -> None:
        ok = not (math.isnan(self.lower) or math.isnan(self.upper)) and self.lower <= self.upper
        require(ok, "interval", "lower <= upper", (self.lower, self.upper))

    @property
    def width(self) -> float:
        """upper - lower."""
        return self.upper - self.lower

    def __contains__(self, value: float) -> bool:
        return self.lower <= value <= self.upper

    def clipped(self, lower: float, upper: float) -> Interval:
        """The same interval within the quantity's range."""
        low = min(max(self.lower, lower), upper)
        high = max(min(self.upper, upper), lower)
        return Interval(low, high, self.confidence, self.method, self.theorem, self.assumptions)

    def __str__(self) -> str:
        return f"[{down_to(self.lower, 6)}, {up_to(self.upper, 6)}] at confidence {self.confidence:g} ({self.method})"


@dataclass(frozen=True)
class Estimate(Shown):
    """A point estimate, never clamped; `unit` is nats unless said.

    `direction` says which side of the truth the expectation of `value` is on, where that is known:
    `lower bound`, `upper bound` or `none`. An estimate without an interval certifies nothing.
    `warnings` are sentences on what in the sample makes the value doubtful; they end the printed sentence.

    >>> print(Estimate("mutual information", 0.25, n=100, method="ksg1"))
    mutual information = 0.25 nats (ksg1, no interval), n = 100
    >>> print(Estimate("mutual information", 0.25, n=100, method="ksg1", warnings=("heavy tails in x",)))
    mutual information = 0.25 nats (ksg1, no interval), n = 100; warning: heavy tails in x
    """

    quantity: str
    """What is estimated."""
    value: float
    """Point estimate."""
    interval: Interval | None = None
    """None for methods without one."""
    n: int = 0
    """Number of data."""
    unit: str = "nats"
    """nats, or what the quantity is counted in."""
    method: str = ""
    """Name of the method."""
    direction: str = "none"
    """Which side of the truth its expectation lies on, or none."""
    assumptions: tuple[str, ...] = ()
    """What must be true of the data."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Settings and by-products."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before using the value."""

    def __str__(self) -> str:
        tail = f"({self.method}, no interval)" if self.interval is None else f", {self.interval}"
        warnings = "".join(f"; warning: {w}" for w in self.warnings)
        return f"{self.quantity} = {self.value:.6g} {self.unit}{'' if tail[0] == ',' else ' '}{tail}, n = {self.n}{warnings}"


@dataclass(frozen=True)
class Certified(Estimate):
    """An estimate whose interval holds at its confidence, at this sample size, under the assumptions it names."""

    interval: Interval = field(kw_only=False, default=Interval(-math.inf, math.inf, 0.5))
    """Both ends, in the unit of the value; always there."""
