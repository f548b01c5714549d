"""Is what should stay still there? Paired with the oracles, owners as units."""

from __future__ import annotations

import numpy as np
from scipy import stats

from experiments.measures.context import Measurements
from experiments.measures.result import NonInferiority
from experiments.unlearning.roles import Mixture
from mari_theory.units import Floats


def non_inferiority(m: Measurements, row: Mixture, split: str) -> NonInferiority | None:
    """Share of answer tokens that greedy decoding gets right, this row's models less the oracles'; None where nothing is asked.

    The ends are Student's, each one-sided at the run's confidence, with the owners' mean differences as units: right for differences
    that are about normal, and for owners drawn like these.
    """
    items = m.items(split)
    if not items:
        return None
    owners = np.array([i.owner for i in items])
    own, oracles = (_accuracy(m, arm, split) for arm in (row.members, m.reference))
    differences = np.array([(own - oracles)[owners == o].mean() for o in dict.fromkeys(owners)])
    return NonInferiority(
        accuracy=float(own.mean()),
        oracles=float(oracles.mean()),
        difference=float(differences.mean()),
        lower=student_lower(differences, m.config.confidence),
        upper=None if (end := student_lower(-differences, m.config.confidence)) is None else -end,
        owners=len(differences),
        margin=m.config.utility_margin,
    )


def student_lower(differences: Floats, confidence: float) -> float | None:
    """One-sided lower end of the mean of about normal differences; None for fewer than two.

    >>> round(student_lower(np.array([0.0, 0.1, 0.2]), 0.95), 3)
    -0.069
    """
    n = differences.size
    if n < 2:
        return None
    error = differences.std(ddof=1) / np.sqrt(n)
    return float(differences.mean() - stats.t.ppf(confidence, n - 1) * error)


def _accuracy(m: Measurements, arm: tuple[str, ...], split: str) -> Floats:
    return np.asarray(np.mean([m.scores(name, split).accuracy for name in arm], axis=0))
