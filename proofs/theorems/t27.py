"""T27: the reference decides."""

from __future__ import annotations

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.units import LN2
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation, scaled


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """A signal of confidence under two references, for a memoriser and for the oracle."""
    confident, unsure = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    memoriser = float(jensen_shannon(confident, confident))
    oracle_retain, oracle_holdout = float(jensen_shannon(confident, unsure)), float(jensen_shannon(unsure, unsure))
    return Outcome((memoriser, oracle_retain, oracle_holdout) == (0.0, LN2, 0.0), None, "two-point signals")


EVIDENCE = Evidence(
    random=random_check,
    formal=Formal("T26_Constructions", ("T27_reference_decides",)),
    mutations=(Mutation("jensen_shannon", scaled(0.99)),),
    absent={
        "symbolic": "a construction with two points",
        "enclosure": "values are 0 and ln 2 exactly",
        "search": "a construction",
        "dropped": "a construction: it is its own assumption",
    },
)
