"""One line of a derivation, and how it is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class Step:
    """`left` equals `right` identically in the free symbols, under their assumptions."""

    claim: str
    left: Any
    right: Any

    def holds(self) -> bool:
        """True when the difference reduces to 0."""
        difference = sp.sympify(self.left) - sp.sympify(self.right)
        for reduce in (sp.expand, sp.simplify, lambda e: sp.simplify(sp.expand_log(sp.expand(e), force=True))):
            difference = reduce(difference)
            if difference == 0:
                return True
        return False


def true(claim: str, condition: Any) -> Step:
    """A claim that SymPy decides to be true or false."""
    return Step(claim, sp.Integer(1) if bool(condition) else sp.Integer(0), sp.Integer(1))
