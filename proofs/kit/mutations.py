"""Wrong constants: what a room's own checks must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Change: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Mutation:
    """With the room's name `target` replaced, a check must fail: by its verdict, or by a witness above its bound."""

    target: str
    """A name in the room's module."""
    change: Change
    """From what the name stands for to what replaces it."""
    kind: Literal["random", "enclosure"] = "random"
    """Field of `Evidence` whose check must fail."""


def scaled(factor: float) -> Change:
    """The function or number, times a factor.

    >>> scaled(2.0)(3.0), scaled(2.0)(abs)(-3.0)
    (6.0, 6.0)
    """
    return lambda old: (lambda *a, **k: old(*a, **k) * factor) if callable(old) else old * factor


def excess_over_half(factor: float) -> Change:
    """What an accuracy or an area has above chance, times a factor.

    >>> round(excess_over_half(0.5)(lambda j: 0.9)(0.1), 12)
    0.7
    """
    return lambda old: lambda *a: 0.5 + (old(*a) - 0.5) * factor


def around(factor: float) -> Change:
    """The distance of a bound from its first argument, times a factor.

    >>> round(around(0.5)(lambda p, j: p + j)(0.4, 0.2), 12)
    0.5
    """
    return lambda old: lambda p, j: p + factor * (old(p, j) - p)


def cut(factor: float) -> Change:
    """A count, times a factor and rounded down.

    >>> cut(0.99)(lambda: 200)()
    198
    """
    return lambda old: lambda *a: int(factor * old(*a))
