"""T20: union over a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binom

from estimators.intervals import ClopperPearson
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.mutations import Mutation


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Two Clopper-Pearson intervals at half the level hold together, by enumeration."""
    n = 15
    chances = (0.2, 0.7)
    inside = [
        sum(float(binom.pmf(k, n, p)) for k in range(n + 1) if p in ClopperPearson().counts(k, n, 0.9)) for p in chances
    ]
    joint = inside[0] * inside[1]
    return Outcome(joint >= 0.8, None, f"two intervals at 0.9 hold together with probability {joint:.3f} >= 0.8")


def _whole_level() -> float:
    return (1 - 0.95**20) / 0.05


class _Narrow:
    def __init__(self, inner: ClopperPearson) -> None:
        self.inner = inner

    def counts(self, hits: int, n: int, confidence: float) -> Any:
        return self.inner.counts(hits, n, confidence - 0.35)


EVIDENCE = Evidence(
    random=random_check,
    dropped=(Dropped("the level is split", "twenty statements at 95 % each", _whole_level),),
    formal=Formal("T15_Certified", ("T20_union",)),
    mutations=(Mutation("ClopperPearson", lambda method: lambda: _Narrow(method())),),
    absent={
        "symbolic": "Boole's inequality",
        "enclosure": "no real number is computed",
        "search": "linear in the misses: enumerated",
    },
)
