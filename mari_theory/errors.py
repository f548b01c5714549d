"""The one error of the library: which argument, what was allowed, what came."""

from __future__ import annotations


class ArgumentError(ValueError):
    """A bad argument or a bad file, told in one line.

    >>> str(ArgumentError("confidence", "a number in (0, 1)", 1.5))
    'confidence: expected a number in (0, 1), got 1.5'
    """

    def __init__(self, argument: str, allowed: str, received: object) -> None:
        self.argument, self.allowed, self.received = argument, allowed, received
        text = " ".join(str(received).split())
        super().__init__(f"{argument}: expected {allowed}, got {text[:200]}")


def require(ok: object, argument: str, allowed: str, received: object) -> None:
    """Raise `ArgumentError` unless `ok`."""
    if not ok:
        raise ArgumentError(argument, allowed, received)


def require_fraction(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    require(isinstance(value, (int, float)) and 0.0 < value < 1.0, name, "a number in (0, 1)", value)
    return float(value)
