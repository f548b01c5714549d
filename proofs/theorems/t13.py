"""T13: rounds."""

from __future__ import annotations

import itertools
import math
from itertools import pairwise

import numpy as np
from flint import arb

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import outward, precision
from mari_theory.sequences import rounds_bound
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.laws import SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """After several rounds the divergence stays under the square of the summed roots."""
    laws = [random_pairs(rng, cases, 4)[0] for _ in range(4)]
    steps = np.stack([jensen_shannon(a, b) for a, b in itertools.pairwise(laws)], 1)
    total = jensen_shannon(laws[0], laws[-1])
    bound = np.array([rounds_bound(list(np.minimum(s, LN2))) for s in steps])
    ok = bool(np.all(total <= bound + SLACK))
    # Equal small steps along a line: the square root of the divergence is locally a length.
    line = [np.array([0.3 + 1e-5 * k, 0.7 - 1e-5 * k]) for k in range(4)]
    parts = [float(jensen_shannon(a, b)) for a, b in itertools.pairwise(line)]
    tight = float(jensen_shannon(line[0], line[-1])) / rounds_bound(parts)
    return Outcome(ok and tight < 1 + 1e-7, tight, "three rounds; equal small steps on a line")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """rounds_bound is above the exact square of the summed roots."""
    ok = True
    for _ in range(cases):
        steps = rng.uniform(0, 0.02, size=4)
        with precision():
            total = arb(0)
            for s in steps:
                total += arb(float(s)).sqrt()
            ends = outward(total * total)
        ok &= ends[0] <= rounds_bound(list(steps)) <= ends[1] * (1 + 1e-14)
    return Outcome(bool(ok), None, "four rounds")


def rounds_ratio(z: Floats) -> float:
    """Root of the divergence of first and last of four laws over the sum of the roots in between."""
    laws = laws_at(z, 3)
    steps = sum(math.sqrt(divergence(a, b)) for a, b in pairwise(laws))
    return over(math.sqrt(divergence(laws[0], laws[-1])), steps)


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("three rounds in square root", 12, rounds_ratio),),
    formal=Formal("T04_Metric", ("T13_rounds",)),
    mutations=(
        Mutation("rounds_bound", scaled(0.99)),
        Mutation("rounds_bound", scaled(0.99), "enclosure"),
    ),
    absent={
        "symbolic": "T4 iterated",
        "dropped": "w = 1/2: dropped under T4",
    },
)
