"""Unlearning methods: a frozen dataclass each, with `loss(model, batch, reference)` and the formula in its docstring.

`METHODS` is the table the command line, the presets and the tests read; a new method is one new row.
"""

from __future__ import annotations

from typing import Any

from experiments.methods.ascent import GradDiff, GradientAscent
from experiments.methods.base import Batch, Method
from experiments.methods.control import RetainOnly
from experiments.methods.mari import MarI, MatchedMarI
from mari_theory.errors import ArgumentError, require

METHODS: dict[str, type[Any]] = {
    "retain-only": RetainOnly,
    "gradient-ascent": GradientAscent,
    "grad-diff": GradDiff,
    "mari": MarI,
    "mari-matched": MatchedMarI,
}

SHORTHANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "mari-pooled": ("mari", {"signal": "pooled"}),
    "mari-tokenwise": ("mari", {"signal": "tokenwise"}),
}


def make_method(name: str, **settings: Any) -> Method:
    """A method by name with its settings. Raises `ArgumentError` on unknown names or settings.

    >>> make_method("grad-diff", gamma=0.01).gamma
    0.01
    """
    base, preset = SHORTHANDS.get(name, (name, {}))
    require(base in METHODS, "method", ", ".join([*METHODS, *SHORTHANDS]), name)
    try:
        method: Method = METHODS[base](**{**preset, **settings})
    except TypeError as e:
        raise ArgumentError(f"method {name}", "its own settings", str(e)) from None
    return method


__all__ = [
    "METHODS",
    "SHORTHANDS",
    "Batch",
    "GradDiff",
    "GradientAscent",
    "MarI",
    "MatchedMarI",
    "Method",
    "RetainOnly",
    "make_method",
]
