"""T11: chain rule along tokens."""

from __future__ import annotations

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.sequences import chain_rule_information
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step


def steps() -> list[Step]:
    """One more token: the joint divergence is that of the first token plus the mixture's mean of the second's at the running posterior.

    P(x, y) = p r, Q(x, y) = q s with r, s conditional; arm weights v = 1-w and w.
    """
    import sympy as sp

    p, q, r, s, v, w = sp.symbols("p q r s v w", positive=True)
    first = v * p + w * q
    both = v * p * r + w * q * s
    posterior, rest = w * q / first, v * p / first
    second = rest * r + posterior * s
    joint = v * p * r * sp.log(p * r / both) + w * q * s * sp.log(q * s / both)
    of_first = v * p * r * sp.log(p / first) + w * q * s * sp.log(q / first)
    of_second = rest * r * sp.log(r / second) + posterior * s * sp.log(s / second)
    return [
        Step(
            "mixture of the pair = mixture of the first x conditional mixture at the posterior",
            both,
            sp.simplify(first * second),
        ),
        Step(
            "ln of the pair's ratio splits (arm 0)",
            sp.log(p * r / both),
            sp.log(p / first) + sp.log(r / (both / first)),
        ),
        Step(
            "ln of the pair's ratio splits (arm 1)",
            sp.log(q * s / both),
            sp.log(q / first) + sp.log(s / (both / first)),
        ),
        Step("joint term = first's share + mixture mass x second's term", joint, of_first + first * of_second),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Path information averaged over all paths of a two-step process is the divergence of the joint laws."""
    worst = 0.0
    for _ in range(min(cases, 200)):
        (p1,), (q1,) = random_pairs(rng, 1, 3)
        p2, q2 = rng.dirichlet(np.ones(3), size=3), rng.dirichlet(np.ones(3), size=3)
        w = float(rng.uniform(0.1, 0.9))
        joint_p, joint_q = (p1[:, None] * p2).ravel(), (q1[:, None] * q2).ravel()
        exact = float(jensen_shannon(joint_p, joint_q, w))
        mixture = (1 - w) * joint_p + w * joint_q
        paths = np.array([[i, j] for i in range(3) for j in range(3)])
        with np.errstate(divide="ignore"):
            steps_p = np.log(np.stack([np.broadcast_to(p1, (9, 3)), p2[paths[:, 0]]], 1))
            steps_q = np.log(np.stack([np.broadcast_to(q1, (9, 3)), q2[paths[:, 0]]], 1))
        keep = mixture > 0
        information = chain_rule_information(steps_p[keep], steps_q[keep], paths[keep], w)
        worst = max(worst, abs(float((mixture[keep] * information).sum()) - exact))
    return Outcome(worst < 1e-12, None, f"two-step processes; largest difference {worst:.1e}")


def _constant_weight() -> float:
    p, q = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    return 2 * float(jensen_shannon(p, q)) / float(jensen_shannon(np.outer(p, p).ravel(), np.outer(q, q).ravel()))


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    dropped=(Dropped("w_t is the running posterior", "two equal steps, weight kept at 1/2", _constant_weight),),
    formal=Formal("T11_ChainRule", ("T11_chain_rule", "T11_sequences")),
    mutations=(Mutation("chain_rule_information", scaled(1.01)),),
    absent={
        "enclosure": "an identity of terms that are enclosed under T1",
        "search": "an identity: nothing to exceed",
    },
)
