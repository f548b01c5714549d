"""What studies read of a finished audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.audit.results import Run
from experiments.studies.audits import finished_audit, short_row
from mari_theory import ArgumentError


def test_an_audit_is_read_when_it_is_finished_and_not_before(finished: Path, tmp_path: Path) -> None:
    assert finished_audit(finished) == Run.load(finished)
    assert finished_audit(tmp_path) is None
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ArgumentError, match=r"complete results\.json"):
        finished_audit(tmp_path)


def test_a_short_row_has_the_numbers_of_the_row(finished: Path) -> None:
    for row in Run.load(finished).rows:
        short = short_row(row)
        assert (short["name"], short["lower"], short["upper"]) == (
            row.name,
            row.oracle.claim.lower,
            row.oracle.claim.upper,
        )
        assert short["pooled"] == row.pairs["marginal"].certificate.claim.estimate
        assert short["floor"] == row.pairs["marginal"].numbers["floor"] and short["best_attack"] == row.best_attack
        assert all(short[k] == row.measures[k] for k in ("forget_probability", "forget_exact", "retain_probability"))
