"""T26: blindness of pooling."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from mari_theory import jensen_shannon
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN
from proofs.kit.mutations import Mutation


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Memorised answers in the retain proportions: pooled divergence 0, the joint of prompt and answer far from an oracle's."""
    retain = np.array([0.5, 0.25, 0.25])
    laws = np.eye(3)[[0, 0, 1, 2]]
    jsd = float(jensen_shannon(laws.mean(axis=0), retain))
    joint = float(jensen_shannon(laws.ravel() / 4, np.tile(retain, 4) / 4))
    return Outcome(jsd == 0.0 and joint > 0.2, None, f"four prompts: pooled {jsd:g}, joint {joint:.3f} nats")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """In rational arithmetic the memoriser's pooled law is the retain law exactly, and the joint differs."""
    retain = [fmpq(1, 2), fmpq(1, 4), fmpq(1, 4)]
    answers = (0, 0, 1, 2)
    pooled_law = [sum((fmpq(int(a == y), 4) for a in answers), fmpq(0)) for y in range(3)]
    joint_gap = sum((abs(fmpq(int(a == y), 4) - retain[y] / 4) for a in answers for y in range(3)), fmpq(0))
    return Outcome(pooled_law == retain and joint_gap > 0, None, "rational arithmetic")


def _other_proportions() -> float:
    law = np.array([0.75, 0.25])
    return float(jensen_shannon(law, COIN)) / 1e-3


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    dropped=(Dropped("memorised answers in the retain proportions", "3 : 1 instead of 1 : 1", _other_proportions),),
    formal=Formal("T26_Constructions", ("T26_pooling_is_blind",)),
    mutations=(Mutation("jensen_shannon", lambda f: lambda p, q: f(p, 0.99 * q + 0.01 * np.eye(q.size)[0])),),
    absent={
        "symbolic": "a construction with four prompts",
        "search": "a construction",
    },
)
