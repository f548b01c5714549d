"""T3: data processing."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.units import Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN, random_pairs, unchecked_jsd
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over

CONTRACTION = 1.0
"""No channel may raise a divergence by any factor above it."""


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """A channel, random or nearly the identity, never raises the divergence; an invertible one keeps it."""
    p, q = random_pairs(rng, cases, 6)
    channel = rng.dirichlet(np.full(4, 0.5), size=(cases, 6))
    before = jensen_shannon(p, q, 0.3)
    after = jensen_shannon(np.einsum("ci,cij->cj", p, channel), np.einsum("ci,cij->cj", q, channel), 0.3)
    gentle = 0.999999 * np.eye(6) + 1e-6 * rng.dirichlet(np.ones(6), size=(cases, 6))
    nearly = jensen_shannon(np.einsum("ci,cij->cj", p, gentle), np.einsum("ci,cij->cj", q, gentle), 0.3)
    permutation = jensen_shannon(p[:, ::-1], q[:, ::-1], 0.3)
    positive = before > 1e-12
    tight = float(np.min(permutation[positive] / before[positive]))
    ok = bool(np.all(np.maximum(after, nearly) <= CONTRACTION * before * (1 + 1e-12) + 1e-15))
    return Outcome(ok and abs(tight - 1) < 1e-12, tight, "random and gentle channels; a permutation keeps it all")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Merging two symbols exactly (integer masses) does not raise the enclosed divergence."""
    ok = True
    for _ in range(cases):
        a, b = rng.integers(0, 50, size=(2, 5)) + np.array([1, 0, 0, 0, 0])
        one, other = (np.array([x[0] + x[1], *x[2:]], dtype=float) for x in (a, b))
        ok &= jensen_shannon_enclosure(one, other)[0] <= jensen_shannon_enclosure(a.astype(float), b.astype(float))[1]
    return Outcome(bool(ok), None, "integer masses, two symbols merged")


def _processing(z: Floats) -> float:
    p, q = laws_at(z[:8], 4)
    channel = softmax(z[8:].reshape(4, 3), axis=1)
    return over(divergence(p @ channel, q @ channel), divergence(p, q))


def _rows_above_one() -> float:
    p, q = np.array([0.3, 0.7]), COIN
    return unchecked_jsd(1.01 * p, 1.01 * q) / float(jensen_shannon(p, q))


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(Inequality("JSD(KP, KQ) <= JSD(P, Q)", 20, _processing),),
    dropped=(Dropped("the channel's rows sum to 1", "rows of sum 1.01", _rows_above_one),),
    formal=Formal("T03_DataProcessing", ("T3_data_processing", "T2_joint_convexity")),
    mutations=(Mutation("CONTRACTION", scaled(0.99)),),
    absent={
        "symbolic": "one use of joint convexity, derived under T2; Coq has it for every channel",
    },
)
