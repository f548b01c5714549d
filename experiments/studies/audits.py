"""What studies read of a finished audit, in one place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from experiments.audit.run import Study as Measurements


@dataclass(frozen=True)
class AuditRow:
    """One model of an audit."""

    name: str
    lower: float
    """Certified ends and estimate of the divergence to the oracles."""
    upper: float
    estimate: float
    ceiling: float
    """Largest accuracy that the certificate allows."""
    best_attack: float
    forget_probability: float
    forget_exact: float
    retain_probability: float
    pooled: float
    """Pooled marginal information and its retain-against-retain floor."""
    floor: float
    detectors: dict[str, float]
    """Detector -> its accuracy on held-out rows."""


@dataclass(frozen=True)
class FinishedAudit:
    """An audit's corpus and rows."""

    corpus: str
    rows: list[AuditRow]


def finished_audit(run: Path) -> FinishedAudit | None:
    """The audit in this run folder, None where it has not been run to its end."""
    path = run / "results.json"
    if not path.is_file():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for r in stored["rows"]:
        certificate = r["certificates"]["oracle"]
        claim = certificate["claim"]
        rows.append(
            AuditRow(
                name=r["name"],
                lower=claim["lower"],
                upper=claim["upper"],
                estimate=claim["estimate"],
                ceiling=certificate["implies"]["max_accuracy"],
                best_attack=r["best_attack"],
                forget_probability=r["forget_probability"],
                forget_exact=r["forget_exact"],
                retain_probability=r["retain_probability"],
                pooled=r["marginal"]["value"],
                floor=r["marginal"]["floor"],
                detectors={k: v["accuracy"] for k, v in r["origin"].get("oracle", {}).items()},
            )
        )
    return FinishedAudit(stored["corpus"]["name"], rows)


__all__ = ["AuditRow", "FinishedAudit", "Measurements", "finished_audit"]
