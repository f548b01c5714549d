"""Does the bound hold against measured detectors, and how close is it? Certified accuracy ceilings beside the best detector's accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.studies.audits import finished_audit
from experiments.studies.base import Settings, markdown_table

TITLE = "Does the bound hold against measured detectors, and how close is it?"
NEEDS = "a finished `mari audit --preset tiny`"
HEADS = ["model", "accuracy at most (certified)", "best detector", "its accuracy, held-out rows", "unused"]


def measure(settings: Settings) -> dict[str, Any] | None:
    """From a finished audit of the toy."""
    audit = finished_audit(settings.folder("tiny"))
    if audit is None:
        return None
    rows = []
    for r in audit.rows:
        ceiling, points = r.oracle.implies.max_accuracy, r.pairs["oracle"].detectors
        detector, accuracy = max(((k, d.accuracy) for k, d in points.items()), key=lambda kv: kv[1])
        gap = ceiling - accuracy
        rows.append({"name": r.name, "ceiling": ceiling, "detector": detector, "accuracy": accuracy, "unused": gap})
    return {"rows": rows}


def part(n: Mapping[str, Any]) -> list[str]:
    """Table and whether a detector beats its ceiling."""
    rows = [
        f"| {r['name']} | {r['ceiling']:.4f} | {r['detector']} | {r['accuracy']:.4f} | {r['unused']:+.4f} |"
        for r in n["rows"]
    ]
    worst = -min(r["unused"] for r in n["rows"])
    verdict = (
        "No detector exceeds its ceiling."
        if worst <= 0
        else f"A detector's point estimate exceeds its ceiling by {worst:.4f}: see the run's problems."
    )
    return [
        *markdown_table(HEADS),
        *rows,
        "",
        f"{verdict} The optimal likelihood ratio is among the detectors, so what stays unused is the bound's looseness (T5 is sharp in the worst case, not for every pair) plus the interval's width.",
    ]
