"""T14: from marginal information to the oracle."""

from __future__ import annotations

import numpy as np

from mari_theory import jensen_shannon, oracle_bound
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality
from proofs.theorems.t13 import rounds_ratio


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The three-step bound on random quadruples; tightness is the largest ratio found, at aligned small steps."""
    a, b = random_pairs(rng, cases, 5)
    c, d = random_pairs(rng, cases, 5)
    steps = [jensen_shannon(a, b), jensen_shannon(b, c), jensen_shannon(c, d)]
    bound = np.array([oracle_bound(*(float(s[i]) for s in steps)) for i in range(cases)])
    ok = bool(np.all(jensen_shannon(a, d) <= bound * (1 + 1e-9) + SLACK))
    p, step = np.array([0.3, 0.7]), np.array([1e-4, -1e-4])
    line = [p + i * step for i in range(4)]
    parts = [float(jensen_shannon(line[i], line[i + 1])) for i in range(3)]
    return Outcome(
        ok,
        float(jensen_shannon(line[0], line[3])) / oracle_bound(*parts),
        "random quadruples; equal small steps on a line",
    )


EVIDENCE = Evidence(
    random=random_check,
    search=(Inequality("three steps to the oracle", 12, rounds_ratio),),
    formal=Formal("T04_Metric", ("T14_oracle",)),
    mutations=(Mutation("oracle_bound", scaled(0.99)),),
    absent={
        "symbolic": "T4 used twice",
        "enclosure": "T13's sum with three terms",
        "dropped": "w = 1/2: dropped under T4",
    },
)
