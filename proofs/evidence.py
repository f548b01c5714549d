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
from proofs import certified, claims, enclosed, enclosed_claims, methods, properties
from proofs.assumptions import ASSUMPTIONS
from proofs.formal import FORMAL, formal_state
from proofs.properties import Outcome
from proofs.search import search

KINDS = ("symbolic", "property", "enclosure", "formal")
CHECKS = {**properties.CHECKS, **certified.CHECKS, **methods.CHECKS, **claims.CHECKS}
ENCLOSED = {**enclosed.ENCLOSED, **enclosed_claims.ENCLOSED}
DERIVED = tuple(f"T{k}" for k in (1, 2, 4, 5, 6, 7, 10, 11, 12, 15, 17, 21, 22, 23, 24, 28, 29, 30, 31, 37, 38))
"""Theorems with a symbolic derivation (`proofs.symbolic.SYMBOLIC`, which needs SymPy to import)."""

WHY_ABSENT: dict[str, dict[str, str]] = {
    "T3": {"symbolic": "one use of joint convexity, derived under T2; Coq has it for every channel"},
    "T7": {"formal": "needs dilogarithms and a variation over curves; both integrals are enclosed instead"},
    "T8": {"symbolic": "a maximum over T6's tests: T6's derivation is the calculus"},
    "T9": {
        "symbolic": "one line from the definition of total variation",
        "enclosure": "linear in total variation, which is enclosed under T5",
    },
    "T11": {"enclosure": "an identity of terms that are enclosed under T1"},
    "T12": {"enclosure": "exact in total variation; its divergences are enclosed under T1"},
    "T13": {"symbolic": "T4 iterated"},
    "T14": {"symbolic": "T4 used twice", "enclosure": "T13's sum with three terms"},
    "T16": {
        "symbolic": "a probability of order statistics: computed exactly instead",
        "formal": "the same; its exact coverage is in the enclosure column",
    },
    "T18": {
        "symbolic": "a definition: the mean over a complete set is the law",
        "formal": "a definition; the bound on one pool's accuracy is `mari check --formal`",
    },
    "T19": {
        "symbolic": "T3 at a detector, T6's monotonicity",
        "enclosure": "counts are integers: all outcomes are enumerated instead",
    },
    "T20": {"symbolic": "Boole's inequality", "enclosure": "no real number is computed"},
    "T21": {"enclosure": "no bound is inverted; conjugates are closed forms"},
    "T22": {"enclosure": "an identity; nothing is rounded towards a side"},
    "T23": {"enclosure": "limits, not numbers"},
    "T24": {
        "enclosure": "a gradient carries no certificate",
        "formal": "softmax calculus, checked against differences",
    },
    "T25": {"symbolic": "joint convexity, derived under T2"},
    "T26": {"symbolic": "a construction with four prompts"},
    "T27": {"symbolic": "a construction with two points", "enclosure": "values are 0 and ln 2 exactly"},
    "T30": {"enclosure": "all outcomes are enumerated instead", "formal": "needs McDiarmid's inequality; enumerated"},
    "T32": {"symbolic": "Markov's inequality for a finite average; Coq has it, and that it is attained"},
}
"""Theorem id -> kind of evidence that does not apply -> why."""


def kinds(theorem: str) -> dict[str, bool]:
    """Kind of evidence -> whether the theorem has it, built or not."""
    there = (theorem in DERIVED, theorem in CHECKS, theorem in ENCLOSED, theorem in FORMAL)
    return dict(zip(KINDS, there, strict=True))


def symbolic_state(theorem: str) -> str:
    """`pass`, `fail` or `absent`; `not-built` where SymPy is not installed."""
    if find_spec("sympy") is None:
        return "not-built"
    from proofs.symbolic import SYMBOLIC

    if theorem not in SYMBOLIC:
        return "absent"
    return "pass" if all(step.holds() for step in SYMBOLIC[theorem]()) else "fail"


def verify(ids: Sequence[str] | None = None, cases: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Run the evidence of the given theorems (default: all) and say what passed.

    A kind without evidence is `absent`, with the reason under `absent_because`; one that needs a build is `not-built`.
    Raises `ArgumentError` on an unknown id.
    """
    chosen = list(ids) if ids else list(THEOREMS)
    for name in chosen:
        require(name in THEOREMS, "theorem", ", ".join(THEOREMS), name)
    progress = tqdm(chosen, desc="verify", disable=not sys.stderr.isatty(), leave=False)
    rows = [_row(name, cases, seed) for name in progress]
    failed = sum("fail" in r["evidence"].values() for r in rows)
    passed = sum("pass" in r["evidence"].values() and "fail" not in r["evidence"].values() for r in rows)
    return {"theorems": rows, "passed": passed, "failed": failed}


def _row(name: str, cases: int, seed: int) -> dict[str, Any]:
    theorem = THEOREMS[name]
    rng = np.random.default_rng([seed, int(name[1:])])
    property_check = CHECKS[name](rng, cases) if name in CHECKS else None
    enclosure = ENCLOSED[name](rng, max(cases // 20, 20)) if name in ENCLOSED else None
    attacks = search(name, rng)
    refuted = any(a.refuted for a in attacks)
    return {
        "id": name,
        "title": theorem.title,
        "statement": theorem.statement,
        "assumptions": theorem.assumptions,
        "source": theorem.source,
        "functions": list(theorem.functions),
        "evidence": {
            "symbolic": symbolic_state(name),
            "property": "fail" if refuted else _state(property_check),
            "enclosure": _state(enclosure),
            "formal": formal_state(name),
        },
        "absent_because": WHY_ABSENT.get(name, {}),
        "tightness": property_check.tightness if property_check else None,
        "largest_ratio": max((a.ratio for a in attacks), default=None),
        "attacks": [
            {"what": a.inequality.what, "ratio": a.ratio, "sharp": a.inequality.sharp, "evaluations": a.evaluations}
            for a in attacks
        ],
        "dropped": [{"what": a.what, "case": a.case, "ratio": a.broken()} for a in ASSUMPTIONS if a.theorem == name],
        "note": property_check.note if property_check else "no property check",
    }


def _state(outcome: Outcome | None) -> str:
    return "absent" if outcome is None else "pass" if outcome.ok else "fail"
