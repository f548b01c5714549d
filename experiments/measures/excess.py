"""How much farther than a retraining: the divergence of a row to the oracles less that of other retrained models, same number of models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from estimators.intervals import Betting
from estimators.likelihood_ratio import information_terms
from experiments.measures.channels import CHANNELS, exact_rungs, rung
from experiments.measures.context import Arm, Measurements
from experiments.measures.result import ANSWER, Excess, Gate
from experiments.measures.sampled import Arms, exact_pair
from experiments.unlearning.roles import Mixture
from mari_theory.certificates.beyond import beyond
from mari_theory.certificates.certificate import Certificate
from mari_theory.units import LN2, Floats


def exact_excess(own: Certificate, floor: Certificate, margin: float) -> Excess:
    """Of two exact certificates against the same oracles."""
    found = beyond(own, floor, margin)
    return Excess(lower=found.lower, upper=found.upper, margin=margin, method="exact")


def paired_excess(
    m: Measurements, row: Mixture, floor: Mixture, likelihood: Callable[[Arm, Arm], Floats], margin: float
) -> Excess:
    r"""Interval for the difference of two divergences from draws that share those of the oracles (T15).

    With r drawn from the oracles, u from the row and f from the floor, the mean of
    (Y_u(r) + Y_u(u) - Y_f(r) - Y_f(f))/2 in [-ln 2, ln 2] is JSD(oracles, row) - JSD(oracles, floor).
    `likelihood`: log P under one arm of what was drawn from another (or the same).
    """
    of_row, of_floor = (_terms(m.reference, x.members, likelihood) for x in (row, floor))
    terms = (of_row[0] + of_row[1] - of_floor[0] - of_floor[1]) / 2
    ends = Betting().interval(np.clip(terms, -LN2, LN2), m.config.confidence, -LN2, LN2)
    return Excess(lower=ends.lower, upper=ends.upper, margin=margin, method="paired")


def whole_outputs(m: Measurements, split: str, draws: int) -> Callable[[Arm, Arm], Floats]:
    """Likelihoods of so many whole outputs to the questions of a split."""
    return lambda of, drawn: m.likelihood(of, split, drawn, draws)


def _terms(oracles: Arm, arm: Arm, likelihood: Callable[[Arm, Arm], Floats]) -> tuple[Floats, Floats]:
    """Y of the oracles' draws and of the arm's own."""
    log_p, log_q = ([likelihood(of, drawn) for drawn in (oracles, arm)] for of in (oracles, arm))
    first, second = (information_terms(p, q)[0] for p, q in zip(log_p, log_q, strict=True))
    return first, second


def gate(m: Measurements, original: Mixture, floor: Mixture) -> Gate:
    """Were originals and oracles trained alike? Their difference on retain questions, beyond that of two retrainings.

    On every rung that is certified; on whole outputs where they are enumerated, or where there is no rung.
    """
    margin, scoring = m.config.gate, m.config.scoring
    readings: dict[str, Excess] = {}
    for name in exact_rungs(scoring.channels):
        of_original, of_floor = (rung(m, row, CHANNELS[name], "retain") for row in (original, floor))
        if of_original is not None and of_floor is not None:
            readings[name] = exact_excess(of_original.certificate, of_floor.certificate, margin)
    if scoring.enumerate_exactly:
        own, other = (exact_pair(m, Arms("oracle", m.reference, row, "retain")) for row in (original, floor))
        readings[ANSWER] = exact_excess(own, other, margin)
    elif not readings:
        readings[ANSWER] = paired_excess(m, original, floor, whole_outputs(m, "retain", scoring.shift_draws), margin)
    return Gate(margin=margin, readings=readings)
