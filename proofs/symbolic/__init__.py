"""Derivations that SymPy checks step by step: one file a theorem, each with `steps() -> list[Step]`.

A step names what is claimed in words and carries the two sides; it holds when SymPy reduces their difference to 0 as an identity in
all free symbols (never at chosen numbers). `SYMBOLIC` maps theorem ids to derivations.
"""

from __future__ import annotations

from collections.abc import Callable

from proofs.symbolic import (
    t01,
    t02,
    t04,
    t05,
    t06,
    t07,
    t10,
    t11,
    t12,
    t15,
    t17,
    t21,
    t22,
    t23,
    t24,
    t28,
    t29,
    t30,
    t31,
    t37,
    t38,
)
from proofs.symbolic.step import Step as Step

SYMBOLIC: dict[str, Callable[[], list[Step]]] = {
    "T1": t01.steps,
    "T2": t02.steps,
    "T4": t04.steps,
    "T5": t05.steps,
    "T6": t06.steps,
    "T7": t07.steps,
    "T10": t10.steps,
    "T11": t11.steps,
    "T12": t12.steps,
    "T15": t15.steps,
    "T17": t17.steps,
    "T21": t21.steps,
    "T22": t22.steps,
    "T23": t23.steps,
    "T24": t24.steps,
    "T28": t28.steps,
    "T29": t29.steps,
    "T30": t30.steps,
    "T31": t31.steps,
    "T37": t37.steps,
    "T38": t38.steps,
}
"""Theorem id -> derivation."""
