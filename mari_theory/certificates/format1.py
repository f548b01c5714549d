"""Certificates of format 1, re-derived. They did not say how their rows were drawn: without a design in the file the verdict is withheld."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mari_theory.certificates.arrangement import RANDOM_ORDER, require_method
from mari_theory.certificates.capital import INFORMATION
from mari_theory.certificates.certificate import Certificate, read_json
from mari_theory.certificates.check_exact import pool_ends
from mari_theory.certificates.check_sampled import AllRows
from mari_theory.certificates.checker import check
from mari_theory.certificates.contradictions import refuse_contradictions
from mari_theory.certificates.files import kind_of, read_pool, read_scores, sha256
from mari_theory.certificates.findings import CheckedNumber, equal, not_inside
from mari_theory.enclosures.balls import accuracy_holds, jensen_shannon_enclosure
from mari_theory.errors import ArgumentError, require
from mari_theory.units import LN2

FORMAT = "mari-certificate/1"
METHODS = (
    "betting",
    "betting-anytime",
    "hoeffding",
    "maurer-pontil",
    "pooled-fast-rate",
    "pooled-bounded-differences",
    "finite-population",
)


def evidence_names(data: dict[str, Any]) -> list[tuple[str, str]]:
    """File names and hashes that a certificate of either format names."""
    entries = data.get("evidence")
    ok = isinstance(entries, list) and len(entries) > 0 and all(isinstance(e, dict) for e in entries)
    require(ok, "certificate, evidence", "a list of files", entries)
    names = [(e.get("file"), e.get("sha256")) for e in entries or []]
    require(
        all(isinstance(x, str) for f in names for x in f), "certificate, evidence", "names and SHA-256 of files", names
    )
    return [(str(a), str(b)) for a, b in names]


def check_file(path: Path, evidence: list[Path]) -> list[CheckedNumber]:
    """Check a certificate file of either format against its evidence."""
    data = read_json(path)
    return check_format1(data, evidence) if data.get("format") == FORMAT else check(Certificate.load(path), evidence)


def check_format1(data: dict[str, Any], evidence: list[Path]) -> list[CheckedNumber]:
    """Divergence, accuracy and verdict of a certificate of format 1; raises `ArgumentError` where it is malformed."""
    claim, margin = data.get("claim"), data.get("margin")
    require(isinstance(claim, dict), "certificate, claim", "an object", claim)
    assert isinstance(claim, dict)
    lower, upper, confidence = (_number(claim, k) for k in ("lower", "upper", "confidence"))
    require(0.0 < confidence < 1.0, "certificate, claim.confidence", "a number in (0, 1)", confidence)
    require(0.0 <= lower <= upper <= LN2, "certificate, claim", "0 <= lower <= upper <= ln 2", (lower, upper))
    require(claim.get("method") in METHODS, "certificate, claim.method", ", ".join(METHODS), claim.get("method"))
    limit = _number({"margin": margin}, "margin")
    require(limit >= 0, "certificate, margin", "a number at least 0", limit)
    accuracy = _number(data["implies"], "max_accuracy") if isinstance(data.get("implies"), dict) else 1.0
    names = evidence_names(data)
    require(len(evidence) == len(names), "evidence", f"{len(names)} files", len(evidence))
    out = [equal(f"evidence {n} sha256", h, sha256(p)) for (n, h), p in zip(names, evidence, strict=True)]
    if not all(x.ok for x in out):
        return out
    try:
        metadata, ends = _ends(str(claim["method"]), confidence, lower, upper, evidence)
    except ArgumentError as e:
        return [*out, CheckedNumber("the evidence supports the claim", "yes", str(e), False)]
    out += ends
    out.append(equal("claim pair", claim.get("pair"), metadata.get("pair", claim.get("pair"))))
    out.append(CheckedNumber("implies max_accuracy", accuracy, "a valid bound", accuracy_holds(accuracy, upper)))
    old = "equivalent within margin" if upper <= limit else "detectable" if lower > limit else "inconclusive"
    out.append(equal("verdict, about the average only", data.get("verdict"), old))
    return out


def _number(where: dict[str, Any], key: str) -> float:
    x = where.get(key)
    ok = isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)
    require(ok, f"certificate, {key}", "a finite number", x)
    return float(x or 0.0)


def _ends(
    method: str, confidence: float, lower: float, upper: float, paths: list[Path]
) -> tuple[dict[str, Any], list[CheckedNumber]]:
    delta = 1.0 - confidence
    if kind_of(paths[0]) == "pool":
        require(len(paths) == 1, "evidence", "one pool file", len(paths))
        pool = read_pool(paths[0])
        low, high = pool_ends(pool, method, delta, jensen_shannon_enclosure(pool.p_mean, pool.q_mean))
        return pool.metadata, [
            not_inside("claim lower", "lower", lower, low, 1e-6),
            not_inside("claim upper", "upper", upper, high, 1e-6),
        ]
    s = read_scores(*paths)
    if s.design is None and method in RANDOM_ORDER:
        reason = (
            "the file does not say how its rows were drawn (no design), so the verdict is withheld; certify it again"
        )
        return s.metadata, [CheckedNumber("verdict", "given", reason, False)]
    require_method(s, method)
    refuse_contradictions(s, method)
    rows = AllRows(s, INFORMATION, method)
    out = []
    for side, end in (("lower", lower), ("upper", upper)):
        trivial = end <= 0.0 if side == "lower" else end >= LN2
        ok = trivial or rows.proves(end, (0.0, LN2), INFORMATION, delta, side)
        out.append(CheckedNumber(f"claim {side} proved", end, "certain at the claimed number", ok))
    if s.design is None:
        out.append(
            CheckedNumber(
                "verdict",
                "given",
                "the file does not say how its rows were drawn (no design), so the verdict is withheld",
                False,
            )
        )
    return s.metadata, out
