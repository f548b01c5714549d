"""T30: entropy and information from counts."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from scipy.special import entr
from scipy.stats import binom, multinomial

from estimators.discrete_intervals import certify_counts_entropy, certify_table_mi, entropy_step
from proofs.kit.evidence import Evidence, Outcome
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step

BIAS = 1.0
"""The constant on the bias of the plug-in entropy."""


def steps() -> list[Step]:
    """The bias of the plug-in entropy is a divergence, at most ln(1 + chi-square's mean); the largest step by one symbol.

    Three symbols with law (a, b, 1-a-b), frequencies x, y, z of n draws.
    """
    import sympy as sp

    a, b, n, x, y, z = sp.symbols("a b n x y z", positive=True)
    c = 1 - a - b
    laws, frequencies = (a, b, sp.Symbol("c", positive=True)), (x, y, z)
    entropy = -sum(f * sp.log(f) for f in frequencies)
    cross = -sum(f * sp.log(p) for f, p in zip(frequencies, laws, strict=True))
    divergence = sum(f * sp.log(f / p) for f, p in zip(frequencies, laws, strict=True))
    mean_square = sum(p * (1 - p) / n / p for p in (a, b, c))
    k = sp.Symbol("k", positive=True)
    cell = -k / n * sp.log(k / n)
    return [
        Step(
            "cross entropy (of mean H) - plug-in entropy = KL(frequencies | law): the bias is its mean",
            cross - entropy,
            divergence,
        ),
        Step("mean chi-square: sum Var(x_i)/p_i = (K-1)/n", mean_square, 2 / n),
        Step(
            "sum x_i^2/p_i = 1 + chi-square, so KL <= ln(1 + chi-square) by Jensen (ln is concave: second derivative)",
            sp.diff(sp.log(1 + x), x, 2),
            -1 / (1 + x) ** 2,
        ),
        Step(
            "a cell's share is concave in its count: steps are largest at the ends", sp.diff(cell, k, 2), -1 / (n * k)
        ),
        Step("one symbol into an empty cell: ln(n)/n", cell.subs(k, 1), sp.log(n) / n),
        Step("one symbol out of a full cell", cell.subs(k, n - 1), -(n - 1) / n * sp.log((n - 1) / n)),
        Step(
            "both together for large n: (ln n + 1)/n to first order",
            sp.limit(n * (-(n - 1) / n * sp.log((n - 1) / n)), n, sp.oo),
            1,
        ),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """Bias range and the largest step by enumeration; miss probabilities of the entropy and the table intervals."""
    n, worst, miss = 20, 0.0, 0.0
    k = np.arange(n + 1)
    h = np.array([entr(x / n) + entr(1 - x / n) for x in k])
    step = float(np.max(np.abs(np.diff(h))))
    if step > entropy_step(n) * (1 + 1e-9):
        return Outcome(False, step / entropy_step(n), "one symbol moves the entropy by more")
    intervals = [certify_counts_entropy([x, n - x], 0.8).interval for x in k.tolist()]
    for p in (0.5, 0.3, 0.02):
        law = binom.pmf(k, n, p)
        truth = float(entr(p) + entr(1 - p))
        bias = truth - float(law @ h)
        worst = max(worst, bias / (BIAS * math.log1p(1 / n)))
        miss = max(miss, float(law[[truth not in interval for interval in intervals]].sum()))
    ok = worst <= 1 and miss <= 0.2
    n, joint = 8, np.array([[0.4, 0.1], [0.1, 0.4]])
    truth = float(np.sum(joint * np.log(joint / np.outer(joint.sum(1), joint.sum(0)))))
    tables = [t for t in product(range(n + 1), repeat=4) if sum(t) == n]
    inside = [truth in certify_table_mi(np.reshape(t, (2, 2)), 0.8).interval for t in tables]
    miss = float(np.sum(multinomial.pmf(np.array(tables), n, joint.ravel())[~np.array(inside)]))
    note = f"binomials and 2 x 2 tables enumerated; largest bias over its bound {worst:.3f}"
    return Outcome(bool(ok and miss <= 0.2), step / entropy_step(n=20), note)


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    mutations=(Mutation("entropy_step", scaled(0.99)),),
    absent={
        "enclosure": "all outcomes are enumerated instead",
        "formal": "needs McDiarmid's inequality; enumerated",
        "search": "sums over all outcomes: enumerated instead",
        "dropped": "independent symbols: dropped under T29",
    },
)
