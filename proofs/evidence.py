"""Which evidence each theorem has, run and told as data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from tqdm import tqdm

from mari_theory.errors import require
from mari_theory.theorems import THEOREMS
from proofs import certified, properties
from proofs.formal import FORMAL, formal_state

CHECKS = {**properties.CHECKS, **certified.CHECKS}
DERIVED = ("T1", "T5", "T7", "T11", "T17", "T21", "T22", "T23", "T24", "T29")
"""Theorems with a symbolic derivation (`proofs.symbolic.SYMBOLIC`, which needs SymPy to import)."""


def symbolic_state(theorem: str) -> str:
    """`pass`, `fail` or `absent`; `not-built` where SymPy is not installed."""
    if find_spec("sympy") is None:
        return "not-built"
    from proofs.symbolic import SYMBOLIC

    if theorem not in SYMBOLIC:
        return "absent"
    return "pass" if all(step.holds() for step in SYMBOLIC[theorem]()) else "fail"


def verify(ids: Sequence[str] | None = None, cases: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Run the evidence of the given theorems (default: all that have some) and say what passed.

    Raises `ArgumentError` on an unknown id. Evidence not built yet is `absent`, never `pass`.
    """
    chosen = list(ids) if ids else [t for t in THEOREMS if t in CHECKS or t in FORMAL or t in DERIVED]
    for name in chosen:
        require(name in THEOREMS, "theorem", ", ".join(THEOREMS), name)
    rows: list[dict[str, Any]] = []
    for name in tqdm(chosen, desc="verify", disable=not sys.stderr.isatty(), leave=False):
        theorem = THEOREMS[name]
        outcome = CHECKS[name](np.random.default_rng([seed, int(name[1:])]), cases) if name in CHECKS else None
        rows.append(
            {
                "id": name,
                "title": theorem.title,
                "statement": theorem.statement,
                "evidence": {
                    "symbolic": symbolic_state(name),
                    "property": "absent" if outcome is None else "pass" if outcome.ok else "fail",
                    "enclosure": "absent",
                    "formal": formal_state(name),
                },
                "tightness": outcome.tightness if outcome else None,
                "note": outcome.note if outcome else "no evidence yet",
            }
        )
    failed = sum("fail" in r["evidence"].values() for r in rows)
    passed = sum("pass" in r["evidence"].values() and "fail" not in r["evidence"].values() for r in rows)
    return {"theorems": rows, "passed": passed, "failed": failed}
