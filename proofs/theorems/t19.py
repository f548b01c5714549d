"""T19: audit lower bounds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy.stats import binom

from estimators.audit import audit_counts
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation
from proofs.kit.search import Inequality
from proofs.theorems.t06 import rates_ratio


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Exact probability that the certified total variation exceeds the truth, over all outcomes of two binomials."""
    n, a, b = 20, 0.3, 0.6
    miss = sum(
        float(binom.pmf(i, n, a) * binom.pmf(j, n, b))
        for i in range(n + 1)
        for j in range(n + 1)
        if audit_counts(i, n, j, n, 0.8).total_variation_lower > b - a
    )
    return Outcome(miss <= 0.2, None, f"binomials enumerated: missed with probability {miss:.3f} of 0.2")


def _detector_picked_on_the_counted_rows() -> float:
    rng = np.random.default_rng(3)
    misses = 0
    for _ in range(50):
        votes = rng.random((2, 2000, 200)) < 0.5
        a, b = max(votes.sum(axis=2).T.tolist(), key=lambda rates: rates[1] - rates[0])
        misses += audit_counts(a, 200, b, 200, 0.95).total_variation_lower > 0.0
    return misses / 50 / 0.05


def _boosted(bound: Any) -> Any:
    return dataclasses.replace(bound, total_variation_lower=bound.total_variation_lower + 0.4)


EVIDENCE = Evidence(
    random=random_check,
    search=(Inequality("JSD of counted rates <= JSD", 12, rates_ratio),),
    dropped=(
        Dropped(
            "detector fixed before the counted rows",
            "best of 2,000 coins on the rows counted, equal arms",
            _detector_picked_on_the_counted_rows,
        ),
    ),
    formal=Formal("T15_Certified", ("T19_from_bounds", "T19_total_variation")),
    mutations=(Mutation("audit_counts", lambda f: lambda *a: _boosted(f(*a))),),
    absent={
        "symbolic": "T3 at a detector, T6's monotonicity",
        "enclosure": "counts are integers: all outcomes are enumerated instead",
    },
)
