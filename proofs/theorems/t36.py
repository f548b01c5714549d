"""T36: which oracle."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mari_theory import jensen_shannon
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from mari_theory.sequences import rounds_bound
from mari_theory.units import LN2, Floats
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import COIN, SLACK, random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.search import Inequality, divergence, laws_at, over

KEPT = 1.0
"""What further training of both arms leaves of their divergence, at most."""
LET_OUT = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""Training from model to model: models 0 and 1 answer alike and become 2 and 3, which do not; those stay."""
SAYS = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
"""Law of the answer of each of the four models."""


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Finite sets of models: training both arms, then reading answers, never raises the divergence; the two oracles differ both ways."""
    p, q = random_pairs(rng, cases, 5)
    train, says = rng.dirichlet(np.full(5, 0.3), size=(cases, 5)), rng.dirichlet(np.full(3, 0.3), size=(cases, 5))
    before = jensen_shannon(p, q)
    trained = [np.einsum("ci,cij->cj", x, train) for x in (p, q)]
    answers = [np.einsum("ci,cij->cj", x, says) for x in trained]
    ok = bool(np.all(jensen_shannon(*trained) <= KEPT * before + SLACK))
    ok &= bool(np.all(jensen_shannon(*answers) <= KEPT * jensen_shannon(*trained) + SLACK))
    # q as the law of the oracle, p of the unlearned model: how far from either oracle, and the oracles from each other.
    to_oracle, to_processed, apart = jensen_shannon(p, q), jensen_shannon(p, trained[1]), jensen_shannon(q, trained[1])
    for far, near, between in zip(to_oracle.tolist(), to_processed.tolist(), apart.tolist(), strict=True):
        ok &= far <= rounds_bound([near, between]) + SLACK and near <= rounds_bound([far, between]) + SLACK
    # An unlearned model that is one oracle, either of them, never answers like the other.
    oracle = np.eye(4)[1]
    for unlearned, other in ((oracle, oracle @ LET_OUT), (oracle @ LET_OUT, oracle)):
        ok &= float(jensen_shannon(unlearned @ SAYS, other @ SAYS)) >= LN2 - SLACK
    # Two models that answer alike are trained into two that never do.
    ok &= float(jensen_shannon(SAYS[0], SAYS[1])) == 0.0 and float(jensen_shannon(*(LET_OUT[:2] @ SAYS))) >= LN2 - SLACK
    one, other = np.array([0.9, 0.1]), np.array([0.3, 0.7])
    gap = float(jensen_shannon(one, other))
    ratios = [gap / rounds_bound([0.0, gap]), float(jensen_shannon(one[::-1], other[::-1])) / (KEPT * gap)]
    return Outcome(
        ok, max(ratios), "five models, three answers; a permutation keeps it all; a model that equals one oracle"
    )


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Integer masses, each model trained into one of two by a fair coin: the enclosed divergence does not rise; the bound is above its enclosure."""
    ok = True
    for _ in range(cases):
        p, q = (rng.multinomial(64, rng.dirichlet(np.ones(5))).astype(float) for _ in range(2))
        train = (np.eye(5)[rng.integers(0, 5, size=5)] + np.eye(5)[rng.integers(0, 5, size=5)]) / 2
        before, after = jensen_shannon_enclosure(p, q), jensen_shannon_enclosure(p @ train, q @ train)
        ok &= after[0] <= before[1]
        near, between = jensen_shannon_enclosure(p, q @ train), jensen_shannon_enclosure(q, q @ train)
        ok &= before[0] <= rounds_bound([min(near[1], LN2), min(between[1], LN2)])
        ok &= before[0] <= rounds_bound([0.0, min(before[1], LN2)])
    return Outcome(bool(ok), None, "five models, masses in 64ths")


def _training(z: Floats) -> float:
    p, q = laws_at(z[:8], 4)
    train = softmax(z[8:].reshape(4, 3), axis=1)
    return over(divergence(p @ train, q @ train), divergence(p, q))


def _oracles(z: Floats) -> float:
    unlearned, oracle, processed = laws_at(z, 3)
    near, between = divergence(unlearned, processed), divergence(processed, oracle)
    return over(divergence(unlearned, oracle), rounds_bound([min(near, LN2), min(between, LN2)]))


def _forget_term_in_one_arm() -> float:
    original, oracle = np.array([0.55, 0.45]), COIN
    forget, continued = np.array([[0.9, 0.1], [0.8, 0.2]]), np.eye(2)
    return float(jensen_shannon(original @ forget, oracle @ continued)) / float(jensen_shannon(original, oracle))


def _answers_before_training() -> float:
    # Models 0 and 1 answer alike but for 2 %; what training makes of them does not.
    before = np.array([[0.51, 0.49], [0.49, 0.51]])
    after = np.eye(2)
    return float(jensen_shannon(after[0], after[1])) / float(jensen_shannon(before[0], before[1]))


def _one_oracle_for_the_other() -> float:
    unlearned, processed, oracle = np.array([0.52, 0.48]), COIN, np.array([0.9, 0.1])
    return float(jensen_shannon(unlearned, oracle)) / float(jensen_shannon(unlearned, processed))


EVIDENCE = Evidence(
    random=random_check,
    enclosure=enclosure_check,
    search=(
        Inequality("trained arms <= arms", 20, _training),
        Inequality("distance to the other oracle", 9, _oracles),
    ),
    dropped=(
        Dropped("both arms receive the same training", "the forget term in one of them", _forget_term_in_one_arm),
        Dropped(
            "arms are laws over models", "answers before training against answers after it", _answers_before_training
        ),
        Dropped(
            "the oracle is the one named",
            "the processed oracle's number read as the oracle's",
            _one_oracle_for_the_other,
        ),
    ),
    formal=Formal(
        "T36_Oracles", ("T36_common_training", "T36_answers", "T36_answers_may_part", "T36_one_oracle_is_not_the_other")
    ),
    mutations=(
        Mutation("KEPT", scaled(0.99)),
        Mutation("rounds_bound", scaled(0.99)),
        Mutation("rounds_bound", scaled(0.99), "enclosure"),
    ),
    absent={
        "symbolic": "data processing (T3) with models for symbols, and the triangle of T4",
    },
)
