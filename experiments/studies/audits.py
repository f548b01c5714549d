"""What studies read of a finished audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.audit.results import FILE, Run
from experiments.measures.result import Row


def finished_audit(folder: Path) -> Run | None:
    """The audit in this run folder, None where it has not been run to its end."""
    return Run.load(folder) if (folder / FILE).is_file() else None


def short_row(row: Row) -> dict[str, Any]:
    """The numbers of a row that studies print."""
    claim, marginal = row.oracle.claim, row.pairs["marginal"].numbers
    return {
        "name": row.name,
        "lower": claim.lower,
        "upper": claim.upper,
        "best_attack": row.best_attack,
        "forget_probability": row.measures["forget_probability"],
        "forget_exact": row.measures["forget_exact"],
        "retain_probability": row.measures["retain_probability"],
        "pooled": marginal["value"],
        "floor": marginal["floor"],
    }
