"""The independent checker: rebuilds a whole certificate from its evidence and the signer's request, and compares.

Imports nothing from `estimators` or `experiments`. Words are rebuilt; estimates are recomputed; every certified end is *proved* in ball
arithmetic at the claimed number, and must not be looser than the method's own. No tolerance favours the claimant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from flint import arb

from mari_theory.certificates import files as evidence_files
from mari_theory.certificates.ceilings import JSD, RATES, ROC, TV, ceilings, steepest_test
from mari_theory.certificates.certificate import ROOM_AT, Certificate, verdict_for
from mari_theory.certificates.check_exact import check_options, check_pool
from mari_theory.certificates.check_sampled import check_scores
from mari_theory.certificates.findings import CheckedNumber, Rebuilt, canonical, close, equal
from mari_theory.certificates.rules import PARTS, levels
from mari_theory.enclosures.balls import (
    accuracy_holds,
    auc_holds,
    delta_holds,
    outputs_hold,
    phi_ball,
    precision,
    tpr_holds,
)
from mari_theory.errors import ArgumentError, require
from mari_theory.localisation import prompts_with_room
from mari_theory.units import LN2


def check(certificate: Certificate, evidence: list[Path]) -> list[CheckedNumber]:
    """Re-derive `certificate` from its evidence files; it holds when all are ok.

    Raises `ArgumentError` when a file is missing, unreadable or no evidence at all. Evidence that was changed, that contradicts the
    certificate's assumptions, or that its method may not use is a failed line, not an error.
    """
    paths = [Path(f) for f in evidence]
    require(len(paths) == len(certificate.evidence), "evidence", f"{len(certificate.evidence)} files", len(paths))
    kinds = [evidence_files.kind_of(p) for p in paths]
    out = []
    for entry, p, kind in zip(certificate.evidence, paths, kinds, strict=True):
        out += [
            equal(f"evidence {entry.file} kind", entry.kind, kind),
            equal(f"evidence {entry.file} sha256", entry.sha256, evidence_files.sha256(p)),
            equal(f"evidence {entry.file} bytes", entry.bytes, p.stat().st_size),
        ]
    if not all(x.ok for x in out):
        return out
    try:
        out += [
            equal(f"evidence {e.file} rows", e.rows_digest, evidence_files.row_digest(p))
            for e, p in zip(certificate.evidence, paths, strict=True)
        ]
        rebuilt = _rebuild(certificate, kinds[0], paths)
    except ArgumentError as e:
        return [*out, CheckedNumber("the evidence supports the claim", "yes", str(e), False)]
    return (
        out
        + rebuilt.findings
        + _claim(certificate, rebuilt)
        + _implications(certificate, rebuilt)
        + _verdict(certificate, rebuilt)
    )


def _rebuild(c: Certificate, kind: str, paths: list[Path]) -> Rebuilt:
    checks: dict[str, Callable[[Certificate, list[Path]], Rebuilt]] = {
        "score": check_scores,
        "option": check_options,
        "pool": check_pool,
    }
    return checks[kind](c, paths)


def _claim(c: Certificate, r: Rebuilt) -> list[CheckedNumber]:
    """Everything that is words or counts."""
    w, request = r.words, c.request
    expected_levels = levels(request, r.present)
    return [
        equal("claim pair", c.claim.pair, w.pair),
        equal("claim access", c.claim.access, w.access),
        equal("claim population", c.claim.population, request.population),
        equal("claim method", c.claim.method, request.method),
        equal("claim theorem", c.claim.theorem, w.theorem),
        equal("claim n", c.claim.n, r.n),
        equal("claim prompts", c.claim.prompts, r.prompts),
        equal("claim owners", c.claim.owners, r.owners),
        equal("claim confidence", c.claim.confidence, 1.0 - expected_levels["divergence"]),
        equal("rests_on", c.rests_on, w.rests_on),
        equal("assumptions", c.assumptions, w.assumptions),
        equal("metadata", canonical(c.metadata), canonical(r.metadata)),
        equal(
            "request pair only where the file does not say",
            c.request.pair is None or r.metadata.get("pair") is None,
            True,
        ),
        *(equal(f"levels {k}", getattr(c.levels, k), v) for k, v in expected_levels.items()),
        *(equal(f"{p} is given", _given(c, p), p in r.present or p in r.exact) for p in PARTS[1:]),
        equal("auc is given", c.direct.auc is not None, "roc" in r.present),
        _errors(c, r),
        _versions(c),
        *_room(c, r),
    ]


def _given(c: Certificate, part: str) -> bool:
    return {"total_variation": c.direct.total_variation, "roc": c.direct.roc, "owners": c.owners, "prompts": c.prompts}[
        part
    ] is not None


def _errors(c: Certificate, r: Rebuilt) -> CheckedNumber:
    gap = c.claim.upper - c.claim.lower if r.exact else c.claim.upper - c.claim.estimate
    return equal("errors", c.errors, {"rounding" if r.exact else "statistical": gap})


def _versions(c: Certificate) -> CheckedNumber:
    ok = set(c.versions) == {"mari", "numpy", "python"} and all(
        re.fullmatch(r"[\w.+-]{1,40}", v) for v in c.versions.values()
    )
    return CheckedNumber("versions", c.versions, "mari, numpy, python", ok)


def _room(c: Certificate, r: Rebuilt) -> list[CheckedNumber]:
    if c.room is None or not r.has_room:
        return [equal("room is given", c.room is not None, r.has_room)]
    limits = {"at_ln2": LN2, "at_0_1": ROOM_AT, "at_margin": min(c.margin, LN2)}
    # Exact rational arithmetic: there is nothing to enclose.
    counts = {k: prompts_with_room(c.claim.upper, r.prompts, t) if t > 0 else None for k, t in limits.items()}
    return [
        equal("room prompts", c.room.prompts, r.prompts),
        *(equal(f"room {k}", getattr(c.room, k), count) for k, count in counts.items()),
    ]


def _implications(c: Certificate, r: Rebuilt) -> list[CheckedNumber]:
    upper = c.claim.upper
    tv = c.direct.total_variation.upper if c.direct.total_variation else None
    auc = c.direct.auc.upper if c.direct.auc else None
    claims = c.implies.model_dump(by_alias=True)
    sources = claims.pop("sources")
    again = ceilings(upper, tv, r.roc_upper if c.direct.roc else None, auc)
    expected_sources = again.pop("sources")
    out = [close(f"implies {k}", claims[k], again[k]) for k in again]
    out.append(equal("implies sources", sorted(sources), sorted(expected_sources)))

    def holds(name: str, by_divergence: bool, direct: dict[str, float | None]) -> None:
        source = sources.get(name)
        value = claims[name]
        ok = (
            by_divergence
            if source == JSD
            else direct.get(source) is not None and _at_least(name, value, float(direct[source] or 0.0))
        )
        out.append(CheckedNumber(f"implies {name} from {source}", value, "a valid bound", bool(ok)))

    with precision():
        influence = (
            upper <= 0 or claims["max_influence"] >= 1 or bool(phi_ball(arb(claims["max_influence"])) >= arb(upper))
        )
    holds("max_accuracy", accuracy_holds(claims["max_accuracy"], upper), {TV: tv})
    holds("max_influence", influence, {TV: tv})
    holds("max_auc", auc_holds(claims["max_auc"], upper), {ROC: auc})
    d = claims["delta_at_epsilon_1"]
    proved = d >= 1.0 or upper <= 0 or delta_holds(d, 1.0, upper, steepest_test(1.0, upper))
    holds("delta_at_epsilon_1", proved, {TV: tv})
    for a in RATES:
        name = f"max_tpr_at_fpr_{a}"
        holds(name, tpr_holds(claims[name], a, upper), {ROC: r.roc_upper(a) if c.direct.roc else None})
    for accuracy in (0.75, 0.9):
        n = claims[f"outputs_for_accuracy_{accuracy}"]
        ok = upper <= 0 if n is None else outputs_hold(n, accuracy, upper)
        out.append(
            CheckedNumber(f"implies outputs_for_accuracy_{accuracy} in ball arithmetic", n, "a valid bound", bool(ok))
        )
    return out


def _at_least(name: str, value: float, direct: float) -> bool:
    with precision():
        return bool(arb(value) >= (1 + arb(direct)) / 2) if name == "max_accuracy" else value >= direct


def _verdict(c: Certificate, r: Rebuilt) -> list[CheckedNumber]:
    refutation = r.metadata.get("refuted_by")
    verdict = None
    if r.words.no_verdict is None or refutation:
        verdict = verdict_for((c.claim.lower, c.claim.upper), c.margin, c.owners, bool(refutation))
    return [
        equal("refuted_by", c.refuted_by, refutation),
        equal("no_verdict", c.no_verdict, None if verdict else r.words.no_verdict),
        equal("verdict", c.verdict, verdict),
    ]
