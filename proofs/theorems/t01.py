"""T1: information is a Jensen-Shannon divergence."""

from __future__ import annotations

import numpy as np

from mari_theory import binary_entropy, jensen_shannon, kl, posterior
from mari_theory.enclosures.balls import jensen_shannon_enclosure
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step


def steps() -> list[Step]:
    """The mutual information between output and arm, symbol by symbol, is the weighted Jensen-Shannon term and h(w) - h(eta) on average.

    For one symbol with p = P(x), q = Q(x), arm weights 1-w and w.
    """
    import sympy as sp

    p, q, w = sp.symbols("p q w", positive=True)
    v = sp.Symbol("v", positive=True)  # 1 - w, kept apart so that logarithms of it stay real
    m = v * p + w * q
    eta, zeta = w * q / m, v * p / m  # the posteriors of arm 1 and arm 0
    information = v * p * sp.log(v * p / (m * v)) + w * q * sp.log(w * q / (m * w))
    divergence = v * p * sp.log(p / m) + w * q * sp.log(q / m)
    entropy_of_posterior = -eta * sp.log(eta) - zeta * sp.log(zeta)
    return [
        Step("the joint law has margins m and (1-w, w)", v * p + w * q, m),
        Step("joint ln(joint/product of margins) = weighted KL to the mixture", information, divergence),
        Step("the posteriors sum to 1", sp.simplify(eta + zeta), 1),
        Step("ln(p/m) = ln(posterior of arm 0) - ln(1-w)", sp.log(p / m), sp.log(zeta) - sp.log(v)),
        Step("ln(q/m) = ln(posterior of arm 1) - ln w", sp.log(q / m), sp.log(eta) - sp.log(w)),
        Step(
            "term = -m h(eta) - (1-w) p ln(1-w) - w q ln w; the last two sum to h(w) over the alphabet",
            divergence,
            -m * entropy_of_posterior - v * p * sp.log(v) - w * q * sp.log(w),
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Three formulas of the information agree."""
    p, q = random_pairs(rng, cases)
    worst = 0.0
    for w in (0.5, 0.444, 0.05):
        m = (1 - w) * p + w * q
        value = jensen_shannon(p, q, w)
        as_kl = (1 - w) * kl(p, m) + w * kl(q, m)
        with np.errstate(divide="ignore"):
            eta = np.clip(posterior(np.log(p), np.log(q), w), 0, 1)
        h = np.vectorize(binary_entropy)(eta)
        as_entropy = (m * (binary_entropy(w) - h)).sum(1)
        worst = max(worst, float(np.abs(value - as_kl).max()), float(np.abs(value - as_entropy).max()))
    return Outcome(worst < 1e-12, None, f"three formulas differ by at most {worst:.1e}")


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The float divergence at three weights lies in its enclosure to 1e-12 of its size."""
    p, q = random_pairs(rng, cases)
    ok = all(
        inside(float(jensen_shannon(a, b, w)), jensen_shannon_enclosure(a, b, w), 1e-9)
        for a, b in zip(p, q, strict=True)
        for w in (0.5, 0.444, 0.05)
    )
    return Outcome(ok, None, "random pairs at three weights")


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    formal=Formal("T01_Identity", ("T1_information_is_divergence", "T1_posterior_form")),
    mutations=(
        Mutation("kl", scaled(1.01)),
        Mutation("jensen_shannon", scaled(1.01), "enclosure"),
    ),
    absent={
        "search": "an identity: nothing to exceed",
        "dropped": "holds for every pair and every weight",
    },
)
