"""Entropy, mutual information and Jensen-Shannon divergence from counts: point estimates, nothing clamped.

The corrections are objects with `.entropy(counts, alphabet)`; `DiscreteEntropy`, `DiscreteMI` and `DiscreteJSD` take one.
Their intervals are in `discrete_intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.special import gammaln, logsumexp, polygamma, psi, xlogy

from estimators.results import Estimate
from estimators.samples import as_labels
from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require

Counts = NDArray[np.int64]


@runtime_checkable
class EntropyCorrection(Protocol):
    """A rule from counts to an entropy in nats."""

    @property
    def name(self) -> str:
        """The name on the command line."""
        ...

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Entropy of the law behind positive `counts` on an alphabet of `alphabet` symbols."""
        ...


@dataclass(frozen=True)
class PlugIn:
    """H of the empirical law; at most H in expectation, by (K-1)/(2n) to first order."""

    name: str = "plug-in"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """-sum c/n ln(c/n)."""
        p = counts / counts.sum()
        return -float(np.sum(xlogy(p, p))) + 0.0


@dataclass(frozen=True)
class MillerMadow:
    """Plug-in + (observed symbols - 1)/(2n). Source: Miller (1955)."""

    name: str = "miller-madow"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """First-order bias correction."""
        return PlugIn().entropy(counts, alphabet) + (counts.size - 1) / (2 * int(counts.sum()))


@dataclass(frozen=True)
class Jackknife:
    """n H - (n-1) mean of the plug-in with one observation left out. Source: Zahl (1977)."""

    name: str = "jackknife"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Exact leave-one-out in O(symbols)."""
        n = int(counts.sum())
        plug_in = PlugIn().entropy(counts, alphabet)
        if n == 1:
            return plug_in
        total = float(np.sum(xlogy(counts, counts)))
        less = total - xlogy(counts, counts) + xlogy(counts - 1, counts - 1)
        left_out = math.log(n - 1) - less / (n - 1)
        return n * plug_in - (n - 1) * float(np.sum(counts * left_out)) / n


@dataclass(frozen=True)
class Grassberger:
    """ln n - sum c G(c)/n, G(c) = psi(c) + (-1)^c [psi((c+1)/2) - psi(c/2)]/2. Source: Grassberger (2003)."""

    name: str = "grassberger"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Exact for the sum of digamma terms."""
        n = int(counts.sum())
        g = psi(counts) + 0.5 * (1 - 2 * (counts % 2)) * (psi((counts + 1) / 2) - psi(counts / 2))
        return math.log(n) - float(np.sum(counts * g)) / n


@dataclass(frozen=True)
class ChaoShen:
    """Horvitz-Thompson with Good's coverage 1 - f1/n. Source: Chao and Shen (2003)."""

    name: str = "chao-shen"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """-sum C p ln(C p)/(1 - (1 - C p)^n); all singletons count as n - 1 of them."""
        n = int(counts.sum())
        singletons = min(int(np.sum(counts == 1)), n - 1)
        p = (1 - singletons / n) * counts / n
        with np.errstate(divide="ignore"):
            inclusion = -np.expm1(n * np.log1p(-p))
        return -float(np.sum(xlogy(p, p) / np.where(p > 0, inclusion, 1.0))) + 0.0


@dataclass(frozen=True)
class JamesStein:
    """Plug-in of the law shrunk towards uniform on the alphabet. Source: Hausser and Strimmer (2009)."""

    name: str = "james-stein"
    """Name in results and in `CORRECTIONS`."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Shrinkage intensity estimated from the counts."""
        n = int(counts.sum())
        p = counts / n
        spread = float(np.sum((1 / alphabet - p) ** 2)) + (alphabet - counts.size) / alphabet**2
        share = 1.0 if n == 1 or spread == 0 else (1 - float(np.sum(p * p))) / ((n - 1) * spread)
        share = min(max(share, 0.0), 1.0)
        mixture = share / alphabet + (1 - share) * p
        rest = share / alphabet
        return -float(np.sum(xlogy(mixture, mixture))) - (alphabet - counts.size) * float(xlogy(rest, rest)) + 0.0


@dataclass(frozen=True)
class NSB:
    """Posterior mean under a mixture of Dirichlet priors that is nearly flat in H. Source: Nemenman, Shafee, Bialek (2002)."""

    name: str = "nsb"
    """Name in results and in `CORRECTIONS`."""
    nodes: int = 400
    """Points of the integral over ln(beta), at least 2."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Integral over ln(beta) by the trapezoid rule."""
        if alphabet == 1:
            return 0.0
        n, k = int(counts.sum()), alphabet
        beta = np.exp(np.linspace(math.log(1e-8 / k), math.log(1e4), self.nodes))
        values, frequency = np.unique(counts, return_counts=True)
        zeros = k - counts.size
        evidence = gammaln(k * beta) - gammaln(n + k * beta)
        mean = psi(n + k * beta + 1) - zeros * beta / (n + k * beta) * psi(beta + 1)
        for c, f in zip(values.tolist(), frequency.tolist(), strict=True):
            evidence += f * (gammaln(c + beta) - gammaln(beta))
            mean -= f * (c + beta) / (n + k * beta) * psi(c + beta + 1)
        prior = k * polygamma(1, k * beta + 1) - polygamma(1, beta + 1)
        log_weight = evidence + np.log(np.maximum(prior, 1e-300)) + np.log(beta)
        weight = np.exp(log_weight - logsumexp(log_weight))
        return float(np.sum(weight * mean))


@dataclass(frozen=True)
class PolynomialMinimax:
    """Best polynomial approximation of x ln(1/x) where counts are small, corrected plug-in elsewhere; rate-optimal.

    Source: Wu and Yang (2016), with their constants. Needs the true alphabet size.
    """

    name: str = "polynomial"
    """Name in results and in `CORRECTIONS`."""
    degree: float = 1.6
    """Degree of the polynomial over ln K, K the alphabet size; rounded down, at least 1."""
    interval: float = 3.5
    """The polynomial approximates on [0, interval ln K / n]."""
    switch: float = 1.5
    """Counts above this times ln K take the corrected plug-in."""

    def entropy(self, counts: Counts, alphabet: int) -> float:
        """Unbiased estimate of the polynomial through falling factorials."""
        n, log_k = int(counts.sum()), math.log(max(alphabet, 3))
        coefficients = _best_polynomial(max(1, int(self.degree * log_k)))
        scale = self.interval * log_k
        values, frequency = np.unique(np.append(counts, 0), return_counts=True)
        frequency[0] = alphabet - counts.size
        total = 0.0
        for c, f in zip(values.tolist(), frequency.tolist(), strict=True):
            if c > self.switch * log_k:
                x = c / n
                total += f * (-xlogy(x, x) + 1 / (2 * n))
                continue
            falling, value = 1.0, c * math.log(n / scale) / n
            for power, a in enumerate(coefficients):
                value += a * falling * scale ** (1 - power) / n
                falling *= c - power
            total += f * value
        return float(total)


@lru_cache(maxsize=64)
def _best_polynomial(degree: int) -> tuple[float, ...]:
    """Coefficients of the best uniform approximation of x ln(1/x) on [0, 1] (linear programme on a Chebyshev grid)."""
    x = 0.5 - 0.5 * np.cos(np.linspace(0, math.pi, 40 * degree + 41))
    basis = np.polynomial.chebyshev.chebvander(2 * x - 1, degree)
    target = -xlogy(x, x)
    ones = np.ones((x.size, 1))
    a = np.block([[basis, -ones], [-basis, -ones]])
    b = np.concatenate([target, -target])
    solution: Any = linprog(np.append(np.zeros(degree + 1), 1.0), A_ub=a, b_ub=b, bounds=[(None, None)] * (degree + 2))
    series = np.polynomial.Chebyshev(solution.x[:-1], domain=[0, 1])
    return tuple(series.convert(kind=np.polynomial.Polynomial).coef.tolist())


CORRECTIONS: dict[str, EntropyCorrection] = {
    c.name: c
    for c in (PlugIn(), MillerMadow(), Jackknife(), Grassberger(), ChaoShen(), JamesStein(), NSB(), PolynomialMinimax())
}
"""Entropy corrections by name; every table of tests runs over them."""


def counts_of(labels: ArrayLike) -> Counts:
    """Positive counts of the distinct labels of a one-dimensional sample (numbers, strings, booleans): of the symbols *seen*.

    A certified interval needs the number of possible symbols besides (`alphabet`).

    >>> counts_of(["b", "a", "b"]).tolist()
    [1, 2]
    """
    return np.unique(as_labels("labels", labels), return_counts=True)[1]


def table_of(x: ArrayLike, y: ArrayLike) -> Counts:
    """Contingency table of two label samples of one length, a row and a column for each symbol *seen*.

    >>> table_of(["a", "b", "a"], [1, 2, 1]).tolist()
    [[2, 0], [0, 1]]
    """
    a, b = as_labels("x", x), as_labels("y", y)
    require(a.size == b.size, "x, y", "samples of one length", (a.size, b.size))
    i, j = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    shape = (int(i.max()) + 1, int(j.max()) + 1)
    return np.bincount(i.astype(np.int64) * shape[1] + j, minlength=shape[0] * shape[1]).reshape(shape)


def as_counts(name: str, counts: ArrayLike, dimensions: int) -> Counts:
    """Validated counts: whole numbers at least 0, at least one positive, total below 2^53."""
    c = np.asarray(counts)
    require(
        c.ndim == dimensions and c.size > 0, name, f"a non-empty {dimensions}-dimensional array", f"shape {c.shape}"
    )
    require(c.dtype.kind in "iufb", name, "whole numbers", f"dtype {c.dtype}")
    whole = bool(np.all(np.isfinite(c.astype(float)))) and bool(np.all(c.astype(float) == np.floor(c.astype(float))))
    require(whole and bool(np.all(c >= 0)), name, "whole numbers at least 0", "another value")
    total = float(c.astype(float).sum())
    require(0 < total < 2**53, name, "a total between 1 and 2^53", total)
    return c.astype(np.int64)


@dataclass(frozen=True)
class DiscreteEntropy:
    """Entropy of a label sample, in nats.

    >>> print(DiscreteEntropy(PlugIn()).estimate(["a", "b", "a", "b"]))
    entropy = 0.693147 nats (plug-in, no interval), n = 4
    """

    correction: EntropyCorrection = field(default_factory=Grassberger)
    """Of the plug-in's bias."""
    alphabet: int | None = None
    """Number of possible symbols; None for those seen."""

    def estimate(self, labels: ArrayLike) -> Estimate:
        """From labels; raises `ArgumentError` on an empty sample or NaN."""
        return self.from_counts(counts_of(labels))

    def from_counts(self, counts: ArrayLike) -> Estimate:
        """From counts of the symbols (zeros allowed)."""
        c = as_counts("counts", counts, 1)
        value = self.correction.entropy(c[c > 0], _alphabet(self.alphabet, int(np.sum(c > 0)), "alphabet"))
        direction = "lower bound" if isinstance(self.correction, PlugIn) else "none"
        return Estimate("entropy", value, n=int(c.sum()), method=self.correction.name, direction=direction)


@dataclass(frozen=True)
class DiscreteMI:
    """Mutual information of two label samples, H(X) + H(Y) - H(X, Y) with one correction, in nats.

    `alphabets` are the true numbers of symbols of X and Y, where known (default: those seen).

    >>> DiscreteMI(PlugIn()).estimate([0, 1, 0, 1], [0, 1, 0, 1]).value == math.log(2)
    True
    """

    correction: EntropyCorrection = field(default_factory=Grassberger)
    """Of the plug-in's bias."""
    alphabets: tuple[int, int] | None = None
    """Numbers of possible symbols of x and y; None for those seen."""

    def estimate(self, x: ArrayLike, y: ArrayLike) -> Estimate:
        """From labels; raises `ArgumentError` on different lengths, an empty sample, NaN."""
        return self.from_table(table_of(x, y))

    def from_table(self, table: ArrayLike) -> Estimate:
        """From a contingency table of counts, rows X, columns Y."""
        t = as_counts("table", table, 2)
        rows, columns, cells = t.sum(axis=1), t.sum(axis=0), t.ravel()
        sizes = (int(np.sum(rows > 0)), int(np.sum(columns > 0)))
        kx, ky = (
            _alphabet(None if self.alphabets is None else self.alphabets[i], sizes[i], "alphabets") for i in (0, 1)
        )
        # Where one side is constant, the joint is the other side: the information is 0 whatever the correction.
        if min(sizes) == 1:
            value = 0.0
        else:
            h = self.correction.entropy
            joint = kx * ky if self.alphabets else int(np.sum(cells > 0))
            value = h(rows[rows > 0], kx) + h(columns[columns > 0], ky) - h(cells[cells > 0], joint)
        return Estimate("mutual information", value, n=int(t.sum()), method=self.correction.name)


@dataclass(frozen=True)
class DiscreteJSD:
    """JSD between the laws behind two label samples, at w = m/(n+m), the share of the second (1/2 for equal sizes), in nats.

    Equal to the mutual information between a symbol and the arm it came from (T1). The plug-in is never below the truth in
    expectation.

    >>> DiscreteJSD(PlugIn()).estimate([0, 0], [1, 1]).value == math.log(2)
    True
    """

    correction: EntropyCorrection = field(default_factory=Grassberger)
    """Of the plug-in's bias."""
    alphabet: int | None = None
    """Number of possible symbols; None for those seen."""

    def estimate(self, x: ArrayLike, y: ArrayLike) -> Estimate:
        """From two samples of labels, of any lengths."""
        a, b = as_labels("x", x), as_labels("y", y)
        return self.from_table(table_of(np.concatenate([a, b]), np.repeat([0, 1], [a.size, b.size])).T)

    def from_table(self, counts: ArrayLike | Sequence[Any]) -> Estimate:
        """From a 2 x K table: counts of P, counts of Q."""
        t = as_counts("counts", counts, 2)
        require(t.shape[0] == 2 and bool(np.all(t.sum(axis=1) > 0)), "counts", "two non-empty arms", f"shape {t.shape}")
        n, m = t.sum(axis=1).tolist()
        if isinstance(self.correction, PlugIn):
            value = float(jensen_shannon(t[0] / n, t[1] / m, m / (n + m)))
        else:
            alphabets = None if self.alphabet is None else (2, self.alphabet)
            value = DiscreteMI(self.correction, alphabets).from_table(t).value
        direction = "upper bound" if isinstance(self.correction, PlugIn) else "none"
        return Estimate(
            "Jensen-Shannon divergence",
            value,
            n=n + m,
            method=self.correction.name,
            direction=direction,
            extra={"weight": m / (n + m)},
        )


def _alphabet(size: int | None, count: int, name: str) -> int:
    require(size is None or size >= count, name, f"at least the {count} symbols seen", size)
    return size or count
