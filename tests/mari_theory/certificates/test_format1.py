"""Certificates of the first format are re-derived, and lose their verdict where the file does not say how its rows were drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estimators.certify import certify_files
from experiments.cli.main import main
from mari_theory import ArgumentError
from mari_theory.certificates.files import sha256
from mari_theory.certificates.format1 import check_file, evidence_names
from tests.mari_theory.certificates.build import coins, pool


def old(path: Path, made_by: str = "betting", **changes: Any) -> Path:
    """What the first format said of a file."""
    made = certify_files([path], interval=None if made_by == "finite-population" else made_by)
    c = made.claim
    data: dict[str, Any] = {
        "format": "mari-certificate/1",
        "claim": {
            "pair": c.pair,
            "quantity": "Jensen-Shannon divergence",
            "lower": c.lower,
            "upper": c.upper,
            "confidence": 0.95,
            "estimate": c.estimate,
            "method": made_by,
            "n": c.n,
        },
        "implies": {"max_accuracy": made.implies.max_accuracy},
        "margin": 0.01,
        "verdict": "equivalent within margin"
        if c.upper <= 0.01
        else "detectable"
        if c.lower > 0.01
        else "inconclusive",
        "evidence": [{"file": path.name, "sha256": sha256(path)}],
    }
    for where, value in changes.items():
        part = data["claim"] if where in data["claim"] else data
        if value is ...:
            del part[where]
        else:
            part[where] = value
    out = path.with_suffix(".json")
    out.write_text(json.dumps(data))
    return out


def failed(certificate: Path, evidence: Path) -> list[str]:
    return [str(x) for x in check_file(certificate, [evidence]) if not x.ok]


@pytest.mark.parametrize("method", ["betting", "betting-anytime", "hoeffding", "maurer-pontil"])
def test_an_old_certificate_over_a_file_with_a_design_holds(tmp_path: Path, method: str) -> None:
    path = coins(tmp_path / "s.parquet", 300)
    made = old(path, method, implies={"max_accuracy": 0.9})
    assert failed(made, path) == []


@pytest.mark.parametrize("finite", [True, False])
def test_an_old_pool_certificate_holds(tmp_path: Path, finite: bool) -> None:
    path = pool(tmp_path / "p.npz", finite)
    assert failed(old(path, "finite-population" if finite else "pooled-fast-rate"), path) == []


def test_without_a_design_the_verdict_is_withheld(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", 300)
    made = json.loads(old(path, implies={"max_accuracy": 0.9}).read_text())
    silent = coins(tmp_path / "n.parquet", 300, design=None)
    made["evidence"] = [{"file": silent.name, "sha256": sha256(silent)}]
    (tmp_path / "c.json").write_text(json.dumps(made))
    found = failed(tmp_path / "c.json", silent)
    assert found and all("no design" in line for line in found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"upper": 1e-4, "lower": 0.0}, "claim upper"),
        ({"lower": 0.5, "upper": 0.6}, "claim lower"),
        ({"pair": "shift"}, "claim pair"),
        ({"implies": {"max_accuracy": 0.5}}, "implies max_accuracy"),
        ({"verdict": "equivalent within margin"}, "verdict"),
        ({"evidence": [{"file": "s.parquet", "sha256": "0" * 64}]}, "sha256"),
    ],
    ids=str,
)
def test_an_old_certificate_that_says_more_than_its_evidence_fails_by_name(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = coins(tmp_path / "s.parquet", 300)
    assert any(words in line for line in failed(old(path, **changes), path))


@pytest.mark.parametrize(
    "changes",
    [
        {"claim": ...},
        {"claim": []},
        {"upper": "0.1"},
        {"upper": None},
        {"upper": True},
        {"upper": ...},
        {"upper": 0.7},
        {"lower": -1e-9},
        {"confidence": 1.0},
        {"confidence": 0},
        {"method": "order-free"},
        {"method": ["betting"]},
        {"margin": "x"},
        {"margin": -1},
        {"margin": None},
        {"evidence": "x"},
        {"evidence": []},
        {"evidence": [{}]},
        {"evidence": [{"file": 1, "sha256": "0"}]},
        {"implies": {"max_accuracy": "0.9"}},
        {"implies": {}},
    ],
    ids=str,
)
def test_a_malformed_old_certificate_is_bad_input_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = coins(tmp_path / "s.parquet", 300)
    assert main(["check", str(old(path, **changes)), "--evidence", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "expected" in err


def test_the_same_file_twice_is_refused_in_old_certificates_too(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", 300)
    made = old(path, evidence=[{"file": path.name, "sha256": sha256(path)}] * 2)
    found = [str(x) for x in check_file(made, [path, path]) if not x.ok]
    assert any("each file once" in line for line in found)


def test_other_formats_are_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"format": "mari-certificate/9", "evidence": [{"file": "a", "sha256": "b"}]}')
    with pytest.raises(ArgumentError, match="format mari-certificate/2"):
        check_file(tmp_path / "c.json", [])
    assert evidence_names({"evidence": [{"file": "a", "sha256": "b"}]}) == [("a", "b")]


def test_an_end_moved_inwards_is_refused(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", m=4)
    upper = certify_files([path], interval="betting").claim.upper
    assert any("claim upper proved" in line for line in failed(old(path, upper=upper - 1e-6), path))


def test_a_withheld_verdict_is_a_failed_check_on_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = coins(tmp_path / "s.parquet", m=4, design=None)
    for method in ("hoeffding", "betting"):
        made = old(path, "hoeffding", method=method)
        assert main(["check", str(made)]) == 1
        assert "withheld" in " ".join(capsys.readouterr().out.split())
