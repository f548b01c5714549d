"""Certificates of format 1 are re-derived; where the file does not say how its rows were drawn the verdict is withheld."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estimators.certify import certify_files
from experiments.cli import main
from mari_theory import ArgumentError
from mari_theory.certificates.files import sha256
from mari_theory.certificates.format1 import check_file
from tests.mari_theory.certificates.build import coins, pool


def old(evidence: Path, interval: str | None = None, **changes: Any) -> Path:
    """A certificate as format 1 wrote it."""
    c = certify_files([evidence], interval=interval)
    upper, margin = c.claim.upper, 0.2
    data = {
        "format": "mari-certificate/1",
        "claim": {
            "pair": c.claim.pair,
            "lower": c.claim.lower,
            "upper": upper,
            "estimate": c.claim.estimate,
            "confidence": 0.95,
            "method": c.claim.method,
            "n": c.claim.n,
        },
        "implies": {"max_accuracy": 0.999},
        "margin": margin,
        "verdict": "equivalent within margin",
        "evidence": [{"file": evidence.name, "kind": "score", "sha256": sha256(evidence), "bytes": 1}],
        "assumptions": [],
    }
    for key, value in changes.items():
        data["claim"][key] = value
    path = evidence.with_suffix(".json")
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("interval", ["betting", "hoeffding", "maurer-pontil"])
def test_a_design_in_the_file_lets_it_hold(tmp_path: Path, interval: str) -> None:
    evidence = coins(tmp_path / "s.parquet", m=4)
    assert [str(x) for x in check_file(old(evidence, interval), [evidence]) if not x.ok] == []


def test_without_a_design_the_verdict_is_withheld_and_the_command_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = coins(tmp_path / "s.parquet", m=4, design=None)
    path = old(evidence, "hoeffding")
    data = json.loads(path.read_text())
    for method in ("hoeffding", "betting"):
        data["claim"]["method"] = method
        path.write_text(json.dumps(data))
        assert main(["check", str(path)]) == 1
        assert "withheld" in " ".join(capsys.readouterr().out.split())


def test_an_end_moved_inwards_is_refused(tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet", m=4)
    upper = certify_files([evidence], interval="betting").claim.upper
    failed = [x.name for x in check_file(old(evidence, "betting", upper=upper - 1e-6), [evidence]) if not x.ok]
    assert "claim upper proved" in failed


def test_pools_of_complete_sets_are_rederived(tmp_path: Path) -> None:
    evidence = pool(tmp_path / "p.npz", finite=True)
    assert [str(x) for x in check_file(old(evidence), [evidence]) if not x.ok] == []


@pytest.mark.parametrize(
    "changes", [{"confidence": 2}, {"lower": "x"}, {"upper": None}, {"method": "guess"}, {"lower": 0.6, "upper": 0.5}]
)
def test_malformed_ones_are_bad_input(tmp_path: Path, changes: dict[str, Any]) -> None:
    evidence = coins(tmp_path / "s.parquet", m=4)
    path = old(evidence, "betting", **changes)
    with pytest.raises(ArgumentError):
        check_file(path, [evidence])
    assert main(["check", str(path)]) == 2
