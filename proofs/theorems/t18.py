"""T18: finite population."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from estimators.pooled import certify_pooled
from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from proofs.kit.evidence import Dropped, Evidence, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The interval of two complete means holds the value and is rounding only."""
    p, q = random_pairs(rng, min(cases, 50), 6)
    ok = True
    for a, b in zip(p, q, strict=True):
        estimate = certify_pooled(a, b, 100, 100, finite_population=True)
        ok &= estimate.value in estimate.interval and estimate.interval.width < 1e-6
    return Outcome(bool(ok), None, "random pairs of complete means")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The interval of two complete means contains the enclosure."""
    p, q = random_pairs(rng, cases)
    ok = True
    for a, b in zip(p, q, strict=True):
        interval, (low, high) = (
            certify_pooled(a, b, 10, 10, finite_population=True).interval,
            jensen_shannon_enclosure(a, b),
        )
        ok &= interval.lower <= low and high <= interval.upper
    return Outcome(bool(ok), None, "random pairs of complete means")


def _part_of_the_population() -> float:
    rng = np.random.default_rng(2)
    retain, forget = rng.dirichlet(np.ones(3), size=(2, 1000))
    part = certify_pooled(retain[:20].mean(0), forget[:20].mean(0), 20, 20, finite_population=True).interval
    truth = float(jensen_shannon(retain.mean(0), forget.mean(0)))
    return max(part.lower / truth, truth / part.upper)


def _moved(estimate: Any) -> Any:
    return dataclasses.replace(estimate, value=estimate.value * 1.01 + 1e-6)


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    dropped=(Dropped("the means are over the complete sets", "20 of 1,000", _part_of_the_population),),
    mutations=(Mutation("certify_pooled", lambda f: lambda *a, **k: _moved(f(*a, **k))),),
    absent={
        "symbolic": "a definition: the mean over a complete set is the law",
        "formal": "a definition; the bound on one pool's accuracy is `mari check --formal`",
        "search": "a definition",
    },
)
