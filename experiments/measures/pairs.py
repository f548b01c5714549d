"""The pairs of arms an audit certifies: one function and one line in `PAIRS` each. A number about one pair says nothing about another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.measures.context import Measurements
from experiments.measures.result import PairResult
from experiments.measures.sampled import sampled_pair
from experiments.unlearning.roles import Mixture, originals_of
from mari_theory import forget_total_variation, marginal_information, mix
from mari_theory.certificates.files import Pool, write_pool
from mari_theory.rounding import span


@dataclass(frozen=True)
class PairMeasure:
    """One pair of arms of every model."""

    name: str
    """As evidence files and certificates call it (`mari_theory.certificates.words.PAIRS` says what it compares)."""
    heading: str
    """Of its column."""
    measure: Callable[[Measurements, Mixture], PairResult | None]
    """None where it does not apply."""
    text: Callable[[PairResult], str]
    """As tables print it."""
    summary: bool = False
    """Is it a column of the short table too?"""


def marginal(m: Measurements, row: Mixture) -> PairResult:
    """Marginal information over the complete sets (T18), with its retain-against-retain floor."""
    laws, (n, k) = m.laws(row.members), (len(m.corpus.retain), len(m.corpus.forget))
    share = k / (k + n)
    metadata = {
        **m.metadata("marginal", row, {"retain": n, "forget": k}),
        "share": share,
        "finite_population": True,
    }
    pool = Pool(laws.retain, mix(laws.retain, laws.forget, share), n, n + k, metadata)
    path = m.evidence(row.name, "marginal", ".npz")
    write_pool(path, pool)
    certificate = m.certify(path, path.stem)
    numbers = {
        "value": certificate.claim.estimate,
        "floor": float(marginal_information(*laws.halves, share)),
        "share": share,
        "forget_total_variation": forget_total_variation(certificate.claim.upper, share),
    }
    return PairResult(certificate=certificate, numbers=numbers)


def oracle(m: Measurements, row: Mixture) -> PairResult:
    """One sampled answer of the oracles against one of a row's models, forget prompts."""
    return sampled_pair(m, "oracle", row, m.reference, exact=True)


def shift(m: Measurements, row: Mixture) -> PairResult | None:
    """One sampled answer of the originals against one of a row's models, retain prompts."""
    originals = tuple(r.name for r in originals_of(m.config))
    return None if row.kind == "original" else sampled_pair(m, "shift", row, originals, exact=False)


def _ends(r: PairResult) -> str:
    return span(r.certificate.claim.lower, r.certificate.claim.upper)


PAIRS = {
    pair.name: pair
    for pair in (
        PairMeasure("oracle", "JSD to the oracles, one answer", oracle, _ends),
        PairMeasure("shift", "JSD to the original on retain, one answer", shift, _ends),
        PairMeasure(
            "marginal",
            "marginal (floor)",
            marginal,
            lambda r: f"{r.numbers['value']:.4f} ({r.numbers['floor']:.4f})",
            summary=True,
        ),
    )
}
