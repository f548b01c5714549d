"""T15: known likelihoods."""

from __future__ import annotations

from itertools import product

import numpy as np

from estimators.intervals import Betting
from estimators.likelihood_ratio import information_terms
from mari_theory import jensen_shannon, squared_hellinger, total_variation
from mari_theory.enclosures.bounds import likelihood_means_enclosure
from proofs.kit.enclosing import inside
from proofs.kit.evidence import Dropped, Evidence, Formal, Outcome
from proofs.kit.laws import random_pairs
from proofs.kit.mutations import Mutation, scaled
from proofs.kit.step import Step


def steps() -> list[Step]:
    """Three functions of the posterior whose means over the mixture are the divergence, the total variation and the squared Hellinger distance.

    One symbol: m = (p+q)/2, eta = q/(p+q); with d = ln(q/p)/2 the terms are d tanh d - ln cosh d, tanh|d|, 1 - 1/cosh d.
    """
    import sympy as sp

    p, q, d = sp.symbols("p q d", positive=True)
    m, eta = (p + q) / 2, q / (p + q)
    rest = p / (p + q)
    term = sp.log(2) + eta * sp.log(eta) + rest * sp.log(rest)
    up = sp.exp(d) / (sp.exp(d) + sp.exp(-d))
    down = sp.exp(-d) / (sp.exp(d) + sp.exp(-d))
    in_d = sp.log(2) + up * (d - sp.log(sp.exp(d) + sp.exp(-d))) + down * (-d - sp.log(sp.exp(d) + sp.exp(-d)))
    tanh, cosh = (sp.exp(d) - sp.exp(-d)) / (sp.exp(d) + sp.exp(-d)), (sp.exp(d) + sp.exp(-d)) / 2
    return [
        Step("m (ln 2 - h(eta)) is the divergence's share", m * term, p * sp.log(p / m) / 2 + q * sp.log(q / m) / 2),
        Step("m (2 eta - 1) = (q - p)/2", m * (2 * eta - 1), (q - p) / 2),
        Step(
            "m (1 - 2 sqrt(eta (1-eta))) = (p+q)/2 - sqrt(pq)",
            m * (1 - 2 * sp.sqrt(p * q) / (p + q)),
            m - sp.sqrt(p * q),
        ),
        Step("in half log-ratios: d tanh d - ln cosh d", in_d, d * tanh - sp.log(cosh)),
        Step("2 eta - 1 = tanh d", up - down, tanh),
        Step("4 eta (1-eta) = 1/cosh^2 d", 4 * up * down, 1 / cosh**2),
        Step("a pair of rows, one from each arm: (p + q)/2 weighs each term", (p * term + q * term) / 2, m * term),
        Step("range: ln 2 - h is 0 at eta = 1/2", term.subs(q, p), 0),
    ]


def random_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The three means are the divergences, term by term; exact miss probability of betting over all sequences of ten coins."""
    p, q = random_pairs(rng, cases, 5)
    mean = (p + q) / 2
    with np.errstate(divide="ignore"):
        y, lean = information_terms(np.log(p), np.log(q))
    eta = np.divide(q, p + q, out=np.full_like(q, 0.5), where=mean > 0)
    means = [(mean * v).sum(axis=1) for v in (y, lean, 1 - 2 * np.sqrt(eta * (1 - eta)))]
    divergences = [jensen_shannon(p, q), total_variation(p, q), squared_hellinger(p, q)]
    if not all(np.allclose(a, b, rtol=1e-9, atol=1e-13) for a, b in zip(means, divergences, strict=True)):
        return Outcome(False, None, "a mean over the mixture is not what it should be")
    n, worst = 10, 0.0
    sequences = np.array(list(product((0.0, 1.0), repeat=n)))
    intervals = [Betting().interval(s, 0.6) for s in sequences]
    ones = sequences.sum(axis=1)
    for share in (0.1, 0.5, 0.8):
        weight = share**ones * (1 - share) ** (n - ones)
        worst = max(worst, float(weight[[share not in i for i in intervals]].sum()))
    note = (
        f"means on random pairs; betting misses with probability at most {worst:.3f} of 0.4, all sequences enumerated"
    )
    return Outcome(worst <= 0.4, None, note)


def enclosure_check(rng: np.random.Generator, cases: int) -> Outcome:
    """The float terms' mean lies in the enclosed one."""
    ok = True
    for _ in range(max(cases // 20, 5)):
        gap = rng.normal(size=200) * 10.0 ** rng.uniform(-6, 2)
        log_p = rng.normal(size=200)
        y, lean = information_terms(log_p, log_p + gap)
        ends = likelihood_means_enclosure(log_p, log_p + gap)
        ok &= inside(float(np.mean(y)), ends["jsd"], 1e-9)
        ok &= inside(float(np.mean(lean)), ends["total_variation"], 1e-9)
    return Outcome(bool(ok), None, "gaps from 1e-6 to 100 nats")


def _copied_rows() -> float:
    rng = np.random.default_rng(0)
    rows = (rng.permutation(np.repeat((rng.random(20) < 0.3).astype(float), 50)) for _ in range(100))
    return sum(0.3 not in Betting().interval(y, 0.95) for y in rows) / 100 / 0.05


EVIDENCE = Evidence(
    symbolic=steps,
    random=random_check,
    enclosure=enclosure_check,
    dropped=(Dropped("rows are i.i.d.", "every row copied 50 times, in random order", _copied_rows),),
    formal=Formal("T15_Certified", ("T15_divergence", "T15_total_variation", "T15_hellinger", "T15_pairs")),
    mutations=(
        Mutation("total_variation", scaled(1.01)),
        Mutation("squared_hellinger", scaled(0.99)),
        Mutation("information_terms", lambda f: lambda p, q: tuple(1.01 * x for x in f(p, q)), "enclosure"),
    ),
    absent={
        "search": "an identity of means; the interval's misses are enumerated",
    },
)
