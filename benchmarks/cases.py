"""What is simulated: each case is a law with a known truth and every interval that applies to it. A new row is simulated everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from estimators import (
    BANDS,
    INTERVALS,
    BoundedDifferences,
    ClopperPearson,
    FastRate,
    Interval,
    audit_scores,
    certify_auc,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_critic_jsd,
    certify_likelihood_ratio,
    certify_path_information,
    certify_pooled,
    certify_roc,
    certify_table_mi,
)
from mari_theory import jensen_shannon
from mari_theory.families import DENSITY_PAIRS, DISCRETE_JOINTS, MARKOV_PAIRS, PAIRS, GaussianPair, zipf
from mari_theory.units import Floats

Draw = Callable[[np.random.Generator, int], Any]
Method = Callable[[Any, float], Interval]
SIZES = (20, 200, 2000, 20_000)
SMALL_SIZES = (20, 200, 2000)


@dataclass(frozen=True)
class Case:
    """A quantity of one law, how to draw data of size n, and the intervals to be judged on the same draws."""

    quantity: str
    """What the intervals are for; a table a quantity."""
    law: str
    """Name of the law."""
    truth: float
    """The quantity's exact value, information in nats."""
    draw: Draw
    """From a generator and n to data, n an arm where there are two."""
    methods: dict[str, Method]
    """Name -> interval from data and a confidence."""
    sizes: tuple[int, ...] = SIZES
    """Sample sizes n that are simulated."""
    confidences: tuple[float, ...] = (0.95,)
    """Nominal confidences that are simulated."""


MEANS: dict[str, tuple[float, Draw]] = {
    "Bernoulli(0.3)": (0.3, lambda g, n: (g.random(n) < 0.3).astype(float)),
    "Beta(2, 5)": (2 / 7, lambda g, n: g.beta(2, 5, n)),
    "two-point {0.2, 0.6}": (0.36, lambda g, n: np.where(g.random(n) < 0.6, 0.2, 0.6)),
    "U-shaped Beta(0.2, 0.2)": (0.5, lambda g, n: g.beta(0.2, 0.2, n)),
    "near-degenerate Bernoulli(0.002)": (0.002, lambda g, n: (g.random(n) < 0.002).astype(float)),
    "near-constant 0.5 +- 0.001": (0.5, lambda g, n: 0.5 + 0.001 * np.sign(g.random(n) - 0.5)),
}
"""Law of a bounded mean -> (exact mean, sampler)."""


def _mean_case(law: str) -> Case:
    methods: dict[str, Method] = {k: m.interval for k, m in INTERVALS.items()}
    if "Bernoulli" in law:
        methods["clopper-pearson"] = ClopperPearson().interval
    return Case("mean", law, MEANS[law][0], MEANS[law][1], methods, SIZES, (0.9, 0.95, 0.99))


def _score_draw(family: Any) -> Draw:
    def draw(g: np.random.Generator, n: int) -> tuple[Floats, Floats, NDArray[np.int64], Any]:
        x = np.concatenate([family.sample(0, n, g), family.sample(1, n, g)])
        log_p, log_q = family.log_likelihoods(x)
        top = max(0.0, float(np.max(log_p)), float(np.max(log_q)))  # densities may exceed 1; only the ratio counts
        return log_p - top, log_q - top, np.repeat([0, 1], n), x

    return draw


def _likelihood_case(law: str, family: Any) -> Case:
    def certify(name: str, of: str) -> Method:
        method = INTERVALS[name]
        return lambda d, c: getattr(certify_likelihood_ratio(d[0], d[1], d[2], c, method, "iid"), of).interval

    methods = {name: certify(name, "jsd") for name in INTERVALS}
    if law in MARKOV_PAIRS:
        chain = MARKOV_PAIRS[law]
        methods["per-token betting"] = lambda d, c: (
            certify_path_information(chain.path_information(d[3]), d[2], chain.length, c).interval
        )
    return Case("JSD, likelihoods", law, family.jsd(), _score_draw(family), methods, SMALL_SIZES)


def _tv_case(law: str) -> Case:
    pair = PAIRS[law]
    return Case(
        "total variation",
        law,
        pair.total_variation(),
        _score_draw(pair),
        {
            "betting": lambda d, c: (
                certify_likelihood_ratio(d[0], d[1], d[2], c, design="iid").total_variation.interval
            ),
            "order-free": lambda d, c: certify_likelihood_ratio(d[0], d[1], d[2], c).total_variation.interval,
        },
        SMALL_SIZES,
    )


def _counts_case(law: str) -> Case:
    p, q = PAIRS[law].arms()
    p, q = p / p.sum(), q / q.sum()

    def draw(g: np.random.Generator, n: int) -> tuple[Any, Any]:
        return g.multinomial(n, p), g.multinomial(n, q)

    return Case(
        "JSD, counts",
        law,
        PAIRS[law].jsd(),
        draw,
        {"counts-fast-rate": lambda d, c: certify_counts_jsd(d[0], d[1], c).interval},
    )


def _table_case(law: str) -> Case:
    joint = np.array(DISCRETE_JOINTS[law].table)

    def draw(g: np.random.Generator, n: int) -> Any:
        return g.multinomial(n, joint.ravel()).reshape(joint.shape)

    return Case(
        "MI, counts",
        law,
        DISCRETE_JOINTS[law].mutual_information(),
        draw,
        {"divergence ball": lambda d, c: certify_table_mi(d, c).interval},
    )


def _entropy_case(law: str) -> Case:
    joint = np.array(DISCRETE_JOINTS[law].table).ravel()
    return Case(
        "entropy, counts",
        law,
        DISCRETE_JOINTS[law].entropies()[2],
        lambda g, n: g.multinomial(n, joint),
        {"bounded-differences": lambda d, c: certify_counts_entropy(d, c).interval},
        SMALL_SIZES,
    )


def _pooled_case(law: str, concentration: float, symbols: int) -> Case:
    p = np.random.default_rng(symbols).dirichlet(np.ones(symbols))
    q = 0.8 * p + 0.2 / symbols

    def draw(g: np.random.Generator, n: int) -> tuple[Floats, Floats, int]:
        means = []
        for law_mean in (p, q):
            gamma = g.standard_gamma(concentration * law_mean * symbols, size=(n, symbols)) + 1e-300
            means.append((gamma / gamma.sum(axis=1, keepdims=True)).mean(axis=0))
        return means[0] / means[0].sum(), means[1] / means[1].sum(), n

    def certify(bound: FastRate | BoundedDifferences) -> Method:
        return lambda d, c: certify_pooled(d[0], d[1], d[2], d[2], c, bound=bound).interval

    methods = {bound.name: certify(bound) for bound in (FastRate(), BoundedDifferences())}
    return Case("pooled JSD", law, float(jensen_shannon(p, q)), draw, methods, (20, 200))


def _auc_case(law: str, shift: float, tail: bool) -> Case:
    fpr = 0.01
    z_fpr = -2.3263478740408408  # the 1 % point of the normal law
    truth = float(ndtr(shift + z_fpr)) if tail else float(ndtr(shift / math.sqrt(2)))

    def draw(g: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        return g.normal(size=n), g.normal(shift, 1, size=n)

    def method(band: Any) -> Method:
        return lambda d, c: certify_roc(d[0], d[1], c, band).tpr_at(fpr)

    methods: dict[str, Method] = {"betting on pairs": lambda d, c: certify_auc(d[0], d[1], c).interval}
    if tail:
        methods = {name: method(band) for name, band in BANDS.items()}
    return Case("TPR at 1 % FPR" if tail else "AUC", law, truth, draw, methods, SMALL_SIZES)


def _lower_case(law: str, shift: float) -> Case:
    pair = GaussianPair(0.0, 1.0, shift, 1.0)

    def draw(g: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        return pair.sample(0, n, g), pair.sample(1, n, g)

    def counts(d: Any, c: float) -> Interval:
        return Interval(audit_scores(d[0], d[1], c).jsd_lower, math.log(2), c)

    def critic(d: Any, c: float) -> Interval:
        eta = [1 / (1 + np.exp(-(shift * x - shift * shift / 2))) for x in d]
        return certify_critic_jsd(eta[0], eta[1], confidence=c).interval

    methods: dict[str, Method] = {"detector counts": counts, "bounded critic": critic}
    return Case("JSD, lower bound", law, pair.jsd(), draw, methods, SMALL_SIZES)


def cases() -> dict[tuple[str, str], Case]:
    """Every case by (quantity, law)."""
    likelihood: dict[str, Any] = {
        **PAIRS,
        **DENSITY_PAIRS,
        **MARKOV_PAIRS,
        "zipf 1e-8": zipf(1e-8),
        "zipf 1e-4": zipf(1e-4),
        "zipf 0.6": zipf(0.6),
    }
    entries = [
        *(_mean_case(law) for law in MEANS),
        *(_likelihood_case(law, family) for law, family in likelihood.items()),
        *(_tv_case(law) for law in PAIRS),
        *(_counts_case(law) for law in PAIRS),
        *(_table_case(law) for law in DISCRETE_JOINTS),
        *(_entropy_case(law) for law in DISCRETE_JOINTS),
        _pooled_case("Dirichlet, 50 symbols", 1.0, 50),
        _pooled_case("near one-hot, 1,000 symbols", 0.02, 1000),
        *(_auc_case(f"normal, shift {s:g}", s, tail) for s in (0.0, 0.3, 1.0) for tail in (False, True)),
        *(_lower_case(f"normal, shift {s:g}", s) for s in (0.0, 0.3, 1.0)),
    ]
    return {(c.quantity, c.law): c for c in entries}
