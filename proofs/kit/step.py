"""One line of a derivation, and how SymPy checks it; the module itself imports without SymPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Step:
    """`left` equals `right` identically in the free symbols, under their assumptions; never at chosen numbers."""

    claim: str
    """In words."""
    left: Any
    """Left side, what `sympy.sympify` takes."""
    right: Any
    """Right side, likewise."""

    def holds(self) -> bool:
        """True when SymPy reduces the difference to 0."""
        import sympy as sp

        difference = sp.sympify(self.left) - sp.sympify(self.right)
        if _differs_at_a_point(difference):
            return False
        for reduce in (sp.expand, sp.simplify, lambda e: sp.simplify(sp.expand_log(sp.expand(e), force=True))):
            difference = reduce(difference)
            if difference == 0:
                return True
        return False


def _differs_at_a_point(difference: Any) -> bool:
    """Whether 30 digits at one point already tell the sides apart: cheaper than three attempts to simplify what is not 0."""
    import sympy as sp
    from sympy.core.function import AppliedUndef

    if difference.has(AppliedUndef, sp.Derivative):
        return False
    free = sorted(difference.free_symbols, key=str)
    point = {x: sp.Rational(2 * k + 3, 8 * k + 29) * (-1 if x.is_negative else 1) for k, x in enumerate(free)}
    value = sp.N(difference.subs(point), 30)
    return bool(value.is_number and value.is_finite and abs(value) > 1e-15)


Derivation: TypeAlias = Callable[[], list[Step]]
"""Imports SymPy when called, so that a room can be read without it."""


def true(claim: str, condition: Any) -> Step:
    """A claim that SymPy decides to be true or false."""
    return Step(claim, int(bool(condition)), 1)
