"""Every rung of the ladder of access by name: how a row is certified on it, and how far it lies beyond the floor."""

from __future__ import annotations

from experiments.measures.channels import CHANNELS, rung
from experiments.measures.context import Measurements
from experiments.measures.excess import exact_excess, paired_excess
from experiments.measures.greedy import GREEDY, greedy_rung
from experiments.measures.result import Excess, PairResult
from experiments.measures.sampled_rungs import SAMPLED, certify_sampled
from experiments.unlearning.roles import Mixture


def certify_rung(m: Measurements, row: Mixture, name: str) -> PairResult | None:
    """The oracles against a row's models on the named rung, forget questions; None where the data have no such rung."""
    if name in CHANNELS:
        return rung(m, row, CHANNELS[name])
    return greedy_rung(m, row) if name == GREEDY else certify_sampled(m, row, SAMPLED[name])


def rung_excess(
    m: Measurements, name: str, rows: tuple[Mixture, Mixture], found: tuple[PairResult, PairResult]
) -> Excess:
    """How much farther than the floor: of the two certificates where they are exact, else of draws that share the oracles'."""
    (row, floor), (own, other), margin = rows, found, m.config.scoring.margin_of(name) or 0.0
    if name in SAMPLED:
        return paired_excess(m, row, floor, lambda of, drawn: SAMPLED[name].likelihood(m, of, drawn), margin)
    return exact_excess(own.certificate, other.certificate, margin)
