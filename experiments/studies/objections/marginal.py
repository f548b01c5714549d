"""Is marginal unlearning the same as full unlearning? Pooled marginal information beside the distance to the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import spearmanr

from experiments.studies.audits import finished_audit, short_row
from experiments.studies.base import Settings, markdown_table
from mari_theory.rounding import span

TITLE = "Is marginal unlearning the same as full unlearning?"
NEEDS = "a finished `mari audit --preset tiny`"
HEADS = [
    "model",
    "pooled marginal information",
    "its floor",
    "forget exact",
    "certified JSD to oracle",
    "best attack AUC",
]
KEYS = ("name", "pooled", "floor", "forget_exact", "lower", "upper", "best_attack")


def measure(settings: Settings) -> dict[str, Any] | None:
    """From a finished audit of the toy."""
    audit = finished_audit(settings.folder("tiny"))
    if audit is None:
        return None
    rows = [short_row(r) for r in audit.rows]
    rank = spearmanr([r["pooled"] for r in rows], [r.oracle.claim.estimate for r in audit.rows])
    rows = [{k: r[k] for k in KEYS} for r in rows]
    return {"rows": rows, "correlation": rank.statistic, "p_value": rank.pvalue}


def part(n: Mapping[str, Any]) -> list[str]:
    """Table and rank correlation."""
    rows = [
        f"| {r['name']} | {r['pooled']:.5f} | {r['floor']:.5f} | {r['forget_exact']:.2f} | {span(r['lower'], r['upper'])} | {r['best_attack']:.3f} |"
        for r in n["rows"]
    ]
    return [
        *markdown_table(HEADS),
        *rows,
        "",
        f"Rank correlation of the two columns over {len(rows)} models: {n['correlation']:.2f} (p = {n['p_value']:.2f}). Marginal unlearning asks that the forget set add nothing to the *average* answer; full unlearning asks for the retrained model's answer to *each* question (T26).",
    ]
