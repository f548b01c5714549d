"""Two arms of models of a run: draw from both, score under both, certify, enumerate where possible, set detectors on the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from estimators.likelihood_ratio import certify_likelihood_ratio
from estimators.order_free import OrderFree
from experiments.labels import slug
from experiments.measures.context import Arm, Measurements
from experiments.measures.detectors import origin_detectors
from experiments.measures.enumeration import enumerate_divergence, enumerated_places
from experiments.measures.laws import REST, Place, option_columns
from experiments.measures.pair import STATED, Pair
from experiments.measures.result import ANSWER, AuditFailure, Coverage, DetectorPoint, PairResult
from experiments.unlearning.roles import Mixture, originals_of
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import read_scores, write_options, write_scores
from mari_theory.errors import ArgumentError

WIDE = 1.0 - 1e-6


@dataclass(frozen=True)
class Arms:
    """The two arms of a pair, as its measurements need them."""

    pair: str
    """Name of the pair, as its evidence files have it."""
    p: Arm
    """Names of the models whose average is arm P."""
    row: Mixture
    """The row whose models are arm Q."""
    split: str
    """Split whose questions are the prompts."""
    draws: int = 0
    """Outputs an arm."""

    @property
    def q(self) -> Arm:
        """Names of the models whose average is arm Q."""
        return self.row.members


def sampled_pair(
    m: Measurements, pair: str, row: Mixture, arm_p: Arm, *, exact: bool, detect: bool = True
) -> PairResult:
    """The pair's certificate of a row's models (arm Q) against arm P; `exact`: of enumerated laws where the run enumerates.

    Evidence that contradicts itself stops the run: `AuditFailure`.
    """
    scoring = m.config.scoring
    split, draws = ("retain", scoring.shift_draws) if pair == "shift" else ("forget", scoring.draws)
    arms = Arms(pair, arm_p, row, split, draws)
    path, items, both = m.evidence(row.name, pair), m.corpus.splits()[split], (arm_p, arms.q)
    log_p, log_q = (np.concatenate([m.likelihood(a, split, b, draws) for b in both]) for a in both)
    of_p, of_q = (m.draws(a, split, draws) for a in both)
    outputs = Pair(of_p, of_q, log_p, log_q)
    columns = outputs.columns([f"{split}-{k}" for k in range(len(items))], [i.owner for i in items])
    metadata = {**evidence_metadata(m, arms, ANSWER), **STATED}
    write_scores(path, columns, metadata)
    try:
        certificate = m.certify(path, path.stem)
    except ArgumentError as e:
        raise AuditFailure(f"{path.name}: {e}") from e
    rows, laws = read_scores(path), None
    coverage: list[Coverage] = []
    if scoring.enumerate_exactly:
        coverage = [_against_enumeration(m, arms, path.name, rows, certificate)]
        laws = exact_pair(m, arms) if exact else None
    problems = [_miss(c) for c in coverage if c.missed_wide]
    detectors: dict[str, DetectorPoint] = {}
    if detect:
        detectors, refuter = _detect(m, arms, rows, outputs)
        if refuter:
            # Said in the evidence itself, so that no certificate over it can leave it out.
            problems.append(f"{path.name} refuted by: {refuter}")
            write_scores(path, columns, {**metadata, "refuted_by": refuter})
            certificate, laws = m.certify(path, path.stem), None
    return PairResult(
        certificate=laws or certificate,
        sampled=certificate if laws else None,
        detectors=detectors,
        coverage=tuple(coverage),
        problems=tuple(problems),
    )


def exact_pair(m: Measurements, arms: Arms) -> Certificate:
    """Option file with the whole law of one sampled answer, and its exact certificate: average, owners and prompts."""
    items, suffix = m.corpus.splits()[arms.split], "" if arms.split == "forget" else f"-{arms.split}"
    path = m.evidence(arms.row.name, f"{arms.pair}-laws{suffix}")
    models = list(dict.fromkeys([*arms.p, *arms.q]))
    names = [(f"{arms.split}-{k}", i.owner) for k, i in enumerate(items)]
    slugs = dict(zip(map(slug, models), models, strict=True))
    places = [
        replace(place, laws={slugs[name]: law for name, law in place.laws.items()})
        for place in enumerated_places(m.bank, list(slugs), m.prompts[arms.split], names)
    ]
    channel = f"whole outputs of at most {m.config.scoring.max_new} tokens"
    seen = {"access": "one-output", "channel": channel, "rest": REST}
    return certify_laws(m, arms, places, path, f"{slug(arms.row.name)}-{arms.pair}-exact{suffix}", seen)


def certify_laws(
    m: Measurements,
    arms: Arms,
    places: Sequence[Place],
    path: Path,
    name: str,
    seen: dict[str, Any],
    margin: float | None = None,
    columns: tuple[Arm, Arm] | None = None,
) -> Certificate:
    """Option file of the laws of both arms, and its exact certificate of this name; `seen` says what a detector sees.

    `columns`: what the laws of the places are called in each arm, where that is not its models.
    """
    channel = ANSWER if seen["access"] == "one-output" else seen["access"]
    metadata = {**evidence_metadata(m, arms, channel), **seen, "design": "complete"}
    write_options(path, option_columns(places, columns or (arms.p, arms.q)), metadata)
    return m.certify(path, name, margin)


def evidence_metadata(m: Measurements, arms: Arms, channel: str) -> dict[str, Any]:
    """What an evidence file says of its two arms; also why there is to be no verdict."""
    prompts = {"name": arms.split, "count": len(m.corpus.part(arms.split))}
    both = {key: {a: m.digest(a) for a in arm} for key, arm in (("arm_p", arms.p), ("arm_q", arms.q))}
    withheld = m.withheld(arms.pair, arms.split, channel)
    return {**m.metadata(arms.pair, arms.row, prompts), **both, **m.made_elsewhere((*arms.p, *arms.q)), **withheld}


def _against_enumeration(m: Measurements, arms: Arms, file: str, rows: Any, certificate: Certificate) -> Coverage:
    """Does the sampled interval cover the enumerated divergence?"""
    p, q = ([slug(a) for a in arm] for arm in (arms.p, arms.q))
    low, high = enumerate_divergence(m.bank, p, q, m.prompts[arms.split])
    scores = (rows.log_p, rows.log_q, rows.arm)
    wide = certify_likelihood_ratio(*scores, WIDE, OrderFree(), design="iid").jsd.interval
    claim = certificate.claim
    return Coverage(
        file=file,
        low=low,
        high=high,
        lower=claim.lower,
        upper=claim.upper,
        covered=claim.lower <= high and low <= claim.upper,
        missed_wide=not (wide.lower <= high and low <= wide.upper),
        wide=(wide.lower, wide.upper),
    )


def _miss(c: Coverage) -> str:
    return f"{c.file}: interval [{c.wide[0]:.5f}, {c.wide[1]:.5f}] at 1 - 1e-6 misses the enumerated {c.low:.5f}"


def _detect(m: Measurements, arms: Arms, rows: Any, outputs: Pair) -> tuple[dict[str, DetectorPoint], str | None]:
    """Set every origin detector on the rows; name the one that refutes the certificate, if any."""
    items = m.corpus.splits()[arms.split]
    questions = (items[int(i)] for i in outputs.prompt_index)
    texts = [f"{i.prompt} {m.bank.tokenizer.decode(o)}" for i, o in zip(questions, outputs.outputs, strict=True)]
    # Rows of an arm are i.i.d. in file order, so halves of an arm are independent samples.
    original = originals_of(m.config)[0].name
    before = arms.p[0] if original in arms.q else original
    signals = {
        "optimal likelihood ratio": rows.log_q - rows.log_p,
        "likelihood under the audited model": rows.log_q,
        "likelihood under another model": np.concatenate(
            [m.likelihood((before,), arms.split, a, arms.draws) for a in (arms.p, arms.q)]
        ),
    }
    bounds = origin_detectors(texts, rows.arm, signals, 1.0 - m.detector_delta)
    delta = (1.0 - m.config.confidence) / 4 / m.files
    scores = (rows.log_p, rows.log_q, rows.arm)
    ceiling = certify_likelihood_ratio(*scores, 1.0 - delta, OrderFree(), design="iid")
    points, refuter = {}, None
    for detector, b in bounds.items():
        points[detector] = DetectorPoint(
            fpr=b.fpr,
            tpr=b.tpr,
            accuracy=b.accuracy,
            jsd_lower=b.jsd_lower,
            tv_lower=b.total_variation_lower,
        )
        if b.jsd_lower > ceiling.jsd.interval.upper or b.total_variation_lower > ceiling.total_variation.interval.upper:
            refuter = detector
    return points, refuter
