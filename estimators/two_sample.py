"""Are two samples from one law? Tests with exact level, and the equivalence test with its three answers and its power."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from estimators.intervals import Betting, BoundedMean
from estimators.likelihood_ratio import certify_likelihood_ratio
from estimators.results import Interval
from estimators.samples import as_points
from mari_theory.certificates.certificate import verdict_for
from mari_theory.errors import require, require_fraction
from mari_theory.shown import Shown
from mari_theory.units import Floats


@dataclass(frozen=True)
class TestResult(Shown):
    """p-value of "one law" (never 0), with the statistic and its null value in words."""

    __test__ = False

    statistic: float
    """What was compared."""
    p_value: float
    """Probability of as much under equal laws, at most."""
    method: str
    """Name of the test."""
    n: int
    """Number of data."""

    def __str__(self) -> str:
        return f"{self.method}: statistic {self.statistic:.6g}, p = {self.p_value:.3g}, n = {self.n}"


@runtime_checkable
class _Testable(Protocol):
    def test(self, x: Any, y: Any) -> TestResult: ...


def rejection_rate(
    test: _Testable, family: Any, n: int, level: float = 0.05, replicates: int = 200, seed: int = 0
) -> float:
    """Power of `ClassifierTest` or `MMDTest`: share of simulated runs of n points an arm with p <= level.

    `family` is any pair of `mari_theory.families`; run it at the smallest difference that matters before the experiment.

    >>> from mari_theory.families import GaussianPair
    >>> rejection_rate(ClassifierTest(), GaussianPair(0.0, 1.0, 2.0, 1.0), 60, replicates=20) > 0.9
    True
    """
    require_fraction("level", level)
    require(n >= 1 and replicates >= 1, "n, replicates", "at least 1", (n, replicates))
    rng = np.random.default_rng(seed)
    hits = sum(
        test.test(family.sample(0, n, rng), family.sample(1, n, rng)).p_value <= level for _ in range(replicates)
    )
    return hits / replicates


def _two(x: Any, y: Any, minimum: int) -> tuple[Floats, Floats]:
    a, b = as_points("x", x, minimum), as_points("y", y, minimum)
    require(a.shape[1] == b.shape[1], "x, y", "points of one dimension", (a.shape[1], b.shape[1]))
    return a, b


@dataclass(frozen=True)
class ClassifierTest:
    """A k-nearest-neighbour classifier from one half, counted on the other: exact (hypergeometric) law of its hits.

    Arms are cut to one size; under the null the labels of the counted rows are a random half of them. `score`, if given, replaces the neighbours: any function
    (train_p, train_q, test) -> scores, larger meaning Q. Source: Lopez-Paz and Oquab (2017), with the exact law.

    >>> rng = np.random.default_rng(0)
    >>> ClassifierTest().test(rng.normal(size=400), rng.normal(1, 1, size=400)).p_value < 1e-6
    True
    """

    k: int = 15
    """Neighbours that vote."""
    seed: int = 0
    """Of the split."""
    score: Callable[[Floats, Floats, Floats], Floats] | None = None
    """A classifier of your own; None for neighbours."""

    def test(self, x: Any, y: Any) -> TestResult:
        """One-sided: p is small when the classifier beats a coin."""
        a, b = _two(x, y, 4)
        rng = np.random.default_rng(self.seed)
        n = min(len(a), len(b)) // 2 * 2
        a, b = a[rng.permutation(len(a))[:n]], b[rng.permutation(len(b))[:n]]
        train_p, train_q, test = a[: n // 2], b[: n // 2], np.vstack([a[n // 2 :], b[n // 2 :]])
        scores = (self.score or self._neighbour_share)(train_p, train_q, test)
        # Ties at the cut go by a coin, so that about half the rows are named Q.
        cut = np.median(scores)
        guess = np.where(scores == cut, rng.random(n) < 0.5, scores > cut)
        right = int(np.sum(~guess[: n // 2]) + np.sum(guess[n // 2 :]))
        from scipy.stats import hypergeom  # slow to import, needed only here

        named_q, hits = int(guess.sum()), int(np.sum(guess[n // 2 :]))
        p_value = float(hypergeom.sf(hits - 1, n, n // 2, named_q))
        return TestResult(right / n, max(p_value, 1e-300), "classifier test", n)

    def _neighbour_share(self, train_p: Floats, train_q: Floats, test: Floats) -> Floats:
        tree = KDTree(np.vstack([train_p, train_q]))
        k = min(self.k, len(train_p))
        index = tree.query(test, k=[*range(1, k + 1)])[1]
        return np.mean(index >= len(train_p), axis=1)


@dataclass(frozen=True)
class MMDTest:
    """Maximum mean discrepancy with a Gaussian kernel of median width, permutation p-value: exact level at any n.

    Source: Gretton et al. (2012). Memory is (n + m)^2: at most 4,000 points a side.

    >>> rng = np.random.default_rng(0)
    >>> MMDTest(permutations=199).test(rng.normal(size=100), rng.normal(2, 1, size=100)).p_value
    0.005
    """

    permutations: int = 999
    """How many relabellings."""
    seed: int = 0
    """Of the relabellings."""

    def test(self, x: Any, y: Any) -> TestResult:
        """p = (1 + permutations at least as large)/(1 + permutations)."""
        require(self.permutations >= 1, "permutations", "at least 1", self.permutations)
        a, b = _two(x, y, 2)
        require(max(len(a), len(b)) <= 4000, "x, y", "at most 4,000 points an arm", max(len(a), len(b)))
        z = np.vstack([a, b])
        squares = cdist(z, z, "sqeuclidean")
        width = float(np.median(squares[squares > 0])) if (squares > 0).any() else 1.0
        kernel = np.exp(-squares / width)
        n, total = len(a), len(z)
        rng = np.random.default_rng(self.seed)
        signs = np.empty((total, self.permutations + 1))
        signs[:, 0] = np.repeat([1 / n, -1 / (total - n)], [n, total - n])
        for j in range(1, self.permutations + 1):
            signs[:, j] = rng.permutation(signs[:, 0])
        values = np.einsum("ij,ij->j", signs, kernel @ signs)
        rank = 1 + int(np.sum(values[1:] >= values[0] - 1e-12))
        return TestResult(float(values[0]), rank / (1 + self.permutations), "MMD permutation test", total)


@dataclass(frozen=True)
class Power:
    """Share of simulated runs that end in each verdict."""

    equivalent: float
    """Share of runs with this answer."""
    inconclusive: float
    """Share of runs without an answer."""
    detectable: float
    """Share of runs that find a difference beyond the margin."""
    replicates: int
    """Number of runs."""
    n: int
    """Data in each."""

    def __str__(self) -> str:
        return (
            f"n = {self.n}: equivalent {self.equivalent:.3f}, inconclusive {self.inconclusive:.3f}, "
            f"detectable {self.detectable:.3f} of {self.replicates} simulated runs"
        )


@dataclass(frozen=True)
class EquivalenceTest:
    """One of three answers about JSD <= margin, each wrong with probability at most 1 - confidence.

    `equivalent on average` when the whole interval is at or below the margin, `detectable` when it is above, else `inconclusive`.
    Failing to see a difference is never called equivalence, and an average says nothing of its worst owner (T32).

    >>> EquivalenceTest(margin=0.02).verdict(Interval(0.0, 0.015, 0.95))
    'equivalent on average'
    """

    margin: float = 0.01
    """Divergence that still counts as equal, nats."""
    confidence: float = 0.95
    """Of the interval behind the answer."""
    interval: BoundedMean = field(default_factory=Betting)
    """Method of that interval."""

    def __post_init__(self) -> None:
        require(math.isfinite(self.margin) and self.margin >= 0, "margin", "a number at least 0", self.margin)
        require_fraction("confidence", self.confidence)

    def verdict(self, interval: Interval) -> str:
        """The answer that a certified interval for the JSD supports."""
        return str(verdict_for((interval.lower, interval.upper), self.margin, None))

    def power(self, family: Any, n: int, replicates: int = 500, seed: int = 0) -> Power:
        """Shares of the verdicts when n outputs an arm come from `family` (any pair of `mari_theory.families`).

        Run it before the experiment, at JSD 0 and at the smallest JSD that matters, to choose n.
        """
        require(n >= 1 and replicates >= 1, "n, replicates", "at least 1", (n, replicates))
        rng = np.random.default_rng(seed)
        arm = np.repeat([0, 1], n)
        verdicts = []
        for _ in range(replicates):
            x = np.concatenate([family.sample(0, n, rng), family.sample(1, n, rng)])
            log_p, log_q = family.log_likelihoods(x)
            shift = max(
                0.0, float(np.max(log_p)), float(np.max(log_q))
            )  # densities may exceed 1; only the ratio counts
            bound = certify_likelihood_ratio(
                log_p - shift, log_q - shift, arm, self.confidence, self.interval, design="iid"
            )
            verdicts.append(self.verdict(bound.jsd.interval))
        shares = [verdicts.count(v) / replicates for v in ("equivalent on average", "inconclusive", "detectable")]
        return Power(shares[0], shares[1], shares[2], replicates, n)


def accuracy_p_value(correct: int, n: int) -> float:
    """Exact one-sided p-value of "no better than a coin" for a detector on independent rows of equal arms.

    >>> round(accuracy_p_value(60, 100), 4)
    0.0284
    """
    require(0 <= correct <= n and n > 0, "correct, n", "0 <= correct <= n, n > 0", (correct, n))
    from scipy.stats import binomtest

    return float(binomtest(correct, n, 0.5, alternative="greater").pvalue)
