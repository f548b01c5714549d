"""T25: seeds."""

from __future__ import annotations

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over

CONVEXITY = 1.0
"""The averages' divergence over the average divergence."""


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Averages over seeds are at most as far apart as their members on average; attained by equal members."""
    p, q = random_pairs(rng, 3 * cases, 5)
    p, q = p.reshape(cases, 3, 5), q.reshape(cases, 3, 5)
    mean = jensen_shannon(p.mean(axis=1), q.mean(axis=1))
    each = jensen_shannon(p[:, :, None], np.broadcast_to(q[:, None], (cases, 3, 3, 5))).mean(axis=(1, 2))
    a, b = p[0, 0], q[0, 0]
    equal = jensen_shannon(np.stack([a, a, a]).mean(axis=0), np.stack([b, b, b]).mean(axis=0)) / jensen_shannon(a, b)
    ok = bool(np.all(mean <= CONVEXITY * each + SLACK)) and float(equal) <= CONVEXITY + SLACK
    return Outcome(ok, float(equal), "random families of three seeds; equal seeds")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Integer families of two seeds: the averages' divergence is certainly at most the average divergence."""
    ok = True
    for _ in range(max(cases // 5, 20)):
        p, q = rng.integers(1, 40, size=(2, 2, 4)).astype(float)
        p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
        each = float(np.mean([jensen_shannon_enclosure(a, b)[1] for a in p for b in q]))
        ok &= jensen_shannon_enclosure(p.mean(axis=0), q.mean(axis=0))[0] <= each * (1 + 1e-12)
    return Outcome(bool(ok), None, "two seeds an arm")


def _seeds(z: Floats) -> float:
    p, p2, q, q2 = laws_at(z, 3)
    each = np.mean([divergence(a, b) for a in (p, p2) for b in (q, q2)])
    return over(divergence((p + p2) / 2, (q + q2) / 2), float(each))


def _members_read_off_the_average() -> float:
    p, q = np.array([[1.0, 0.0], [0.2, 0.8]]), np.array([[0.0, 1.0], [0.9, 0.1]])
    average = float(jensen_shannon(p.mean(0), q.mean(0)))
    return min(float(jensen_shannon(a, b)) for a, b in zip(p, q, strict=True)) / average


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("averages over seeds", 12, _seeds),),
    dropped=(
        Dropped("a statement on averages over seeds", "read as one on single seeds", _members_read_off_the_average),
    ),
    formal=Formal("T03_DataProcessing", ("T25_seeds",)),
    mutations=(Mutation("CONVEXITY", scaled(0.99)),),
    absent={
        "symbolic": "joint convexity, derived under T2",
    },
)
