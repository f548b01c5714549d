"""`mari verify`: run the evidence in the rooms, and tell what passed, what failed and what could not be run here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from mari_theory.errors import require
from mari_theory.theorems import THEOREMS
from proofs.formal import formal_state
from proofs.kit.evidence import Outcome
from proofs.kit.search import attack
from proofs.kit.step import Derivation
from proofs.theorems import room

FIELDS = {"symbolic": "symbolic", "property": "random", "enclosure": "enclosure", "formal": "formal"}
"""Kind of evidence as it is told -> field of the room; what the search finds counts under `property`."""
KINDS = tuple(FIELDS)
RUN = frozenset({"pass", "absent"})
"""States of a theorem that passed: every kind that applies was run and passed."""
SHOWN = {"pass": "pass", "fail": "FAIL", "absent": "-", "not-built": "unbuilt", "not-installed": "no SymPy"}


def kinds(theorem: str) -> dict[str, bool]:
    """Kind of evidence -> whether the theorem has it, installed and built or not.

    >>> kinds("T7")
    {'symbolic': True, 'property': True, 'enclosure': True, 'formal': False}
    """
    return {kind: room(theorem).has(field) for kind, field in FIELDS.items()}


def symbolic_state(derivation: Derivation | None) -> str:
    """`pass`, `fail` or `absent`; `not-installed` without SymPy or the mpmath it needs."""
    if derivation is None:
        return "absent"
    try:
        import sympy  # noqa: F401
    except ImportError:
        return "not-installed"
    return "pass" if all(step.holds() for step in derivation()) else "fail"


def verify(ids: Sequence[str] | None = None, cases: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Run the evidence of the given theorems (default: all) and say what passed.

    A kind without evidence is `absent`, with the reason under `absent_because`; one that needs Coq's build is `not-built`, one that
    needs SymPy `not-installed`. A theorem has passed when every kind that applies was run and passed; where none failed but one could
    not be run, it is incomplete. Raises `ArgumentError` on an unknown id.
    """
    names = list(ids) if ids else list(THEOREMS)
    for name in names:
        require(name in THEOREMS, "theorem", ", ".join(THEOREMS), name)
    progress = tqdm(names, desc="verify", disable=not sys.stderr.isatty(), leave=False)
    rows = [_row(name, cases, seed) for name in progress]
    states = [set(r["evidence"].values()) for r in rows]
    failures, passes = sum("fail" in s for s in states), sum(s <= RUN for s in states)
    return {"theorems": rows, "passed": passes, "failed": failures, "incomplete": len(rows) - passes - failures}


def _row(name: str, cases: int, seed: int) -> dict[str, Any]:
    theorem, evidence = THEOREMS[name], room(name)
    rng = np.random.default_rng([seed, int(name[1:])])
    outcome = evidence.random(rng, cases) if evidence.random else None
    enclosure = evidence.enclosure(rng, max(cases // 20, 20)) if evidence.enclosure else None
    attacks = [attack(inequality, rng) for inequality in evidence.search]
    refuted = any(a.refuted for a in attacks)
    return {
        "id": name,
        "title": theorem.title,
        "statement": theorem.statement,
        "assumptions": theorem.assumptions,
        "source": theorem.source,
        "functions": list(theorem.functions),
        "evidence": {
            "symbolic": symbolic_state(evidence.symbolic),
            "property": "fail" if refuted else _state(outcome),
            "enclosure": _state(enclosure),
            "formal": formal_state(evidence.formal),
        },
        "absent_because": {k: evidence.absent[field] for k, field in FIELDS.items() if field in evidence.absent},
        "tightness": outcome.tightness if outcome else None,
        "largest_ratio": max((a.ratio for a in attacks), default=None),
        "attacks": [
            {"what": a.inequality.what, "ratio": a.ratio, "sharp": a.inequality.sharp, "evaluations": a.evaluations}
            for a in attacks
        ],
        "dropped": [{"what": a.what, "case": a.case, "ratio": a.broken()} for a in evidence.dropped],
        "note": outcome.note if outcome else "no property check",
    }


def _state(outcome: Outcome | None) -> str:
    return "absent" if outcome is None else "pass" if outcome.ok else "fail"


def table(result: dict[str, Any], cases: int) -> str:
    """The result of `verify` as the lines that the command prints, at most 80 columns wide."""
    rows = [(t, [SHOWN[t["evidence"][kind]] for kind in KINDS]) for t in result["theorems"]]
    states = {state for t, _ in rows for state in t["evidence"].values()}
    heads = ("SymPy", "random", "balls", "Coq")
    # As wide as the narrowest column that holds every state of a full installation, wider only where something is missing.
    widths = [max(least, *(len(e[k]) for _, e in rows)) for k, least in enumerate((6, 6, 5, 7))]

    def line(name: str, title: str, cells: Sequence[str], tight: str, ratio: str) -> str:
        row = " ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        return f"{name:<4} {title[:27]:<27} {row} {tight:>8} {ratio:>8}"

    lines = [line("id", "theorem", heads, "witness", "search")]
    for t, cells in rows:
        tight, ratio = ("" if x is None else f"{x:.6f}" for x in (t["tightness"], t["largest_ratio"]))
        lines.append(line(t["id"], t["title"], cells, tight, ratio))
    lines.append("witness: share of the bound attained there (1 is sharp); search: the largest")
    lines.append("share gradient ascent found (above 1 refutes); -: does not apply (see --json)")
    if "not-installed" in states:
        lines.append("no SymPy (it needs mpmath): pip install 'mari-theory[proofs]' checks derivations")
    if "not-built" in states:
        lines.append("Coq unbuilt: `make proofs` compiles and re-checks it")
    incomplete = f", {result['incomplete']} incomplete" if result["incomplete"] else ""
    lines.append(f"{result['passed']} passed, {result['failed']} failed{incomplete} ({cases} random cases a theorem)")
    return "\n".join(lines)
