"""Closed-form pairs and joints with exact divergences: the yardstick of the property tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mari_theory.divergences import jensen_shannon, total_variation
from mari_theory.errors import require

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalPair:
    """Two laws on a finite alphabet, given as tuples of probabilities that sum to 1.

    >>> CategoricalPair((1.0, 0.0), (0.0, 1.0)).jsd() == math.log(2)
    True
    """

    p: tuple[float, ...]
    q: tuple[float, ...]

    def arms(self) -> tuple[Floats, Floats]:
        """Both laws as arrays."""
        return np.array(self.p), np.array(self.q)

    def jsd(self, weight: float = 0.5) -> float:
        """Exact Jensen-Shannon divergence in nats."""
        return float(jensen_shannon(*self.arms(), weight))

    def total_variation(self) -> float:
        """Exact total variation."""
        return float(total_variation(*self.arms()))

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """n symbols from arm 0 (P) or 1 (Q)."""
        return rng.choice(len(self.p), size=n, p=self.arms()[arm])

    def log_likelihoods(self, x: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Log-probabilities of symbols under both arms, -inf where impossible."""
        with np.errstate(divide="ignore"):
            return np.log(self.arms()[0])[x], np.log(self.arms()[1])[x]


def bernoulli(p: float, q: float) -> CategoricalPair:
    """Bernoulli(p) against Bernoulli(q)."""
    return CategoricalPair((1 - p, p), (1 - q, q))


def binary_symmetric(flip: float) -> CategoricalPair:
    """The two rows of a binary symmetric channel: attains JSD = phi(TV), the lower end of T5.

    >>> round(binary_symmetric(0.25).total_variation(), 12)
    0.5
    """
    require(0.0 <= flip <= 0.5, "flip", "a number in [0, 1/2]", flip)
    return CategoricalPair((1 - flip, flip), (flip, 1 - flip))


def binary_erasure(erasure: float) -> CategoricalPair:
    """The two rows of a binary erasure channel: attains JSD = TV ln 2, the upper end of T5.

    >>> pair = binary_erasure(0.25)
    >>> abs(pair.jsd() - pair.total_variation() * math.log(2)) < 1e-15
    True
    """
    require(0.0 <= erasure <= 1.0, "erasure", "a number in [0, 1]", erasure)
    return CategoricalPair((1 - erasure, erasure, 0.0), (0.0, erasure, 1 - erasure))


@dataclass(frozen=True)
class GaussianPair:
    """N(mean_p, sd_p^2) against N(mean_q, sd_q^2); JSD by composite Gauss-Legendre quadrature to 1e-12.

    >>> GaussianPair(0.0, 1.0, 0.0, 1.0).jsd()
    0.0
    """

    mean_p: float
    sd_p: float
    mean_q: float
    sd_q: float

    def __post_init__(self) -> None:
        require(self.sd_p > 0 and self.sd_q > 0, "sd", "positive numbers", (self.sd_p, self.sd_q))

    def log_likelihoods(self, x: Floats) -> tuple[Floats, Floats]:
        """Log-densities of both arms."""
        return tuple(  # type: ignore[return-value]
            -0.5 * ((x - m) / s) ** 2 - math.log(s * math.sqrt(2 * math.pi))
            for m, s in ((self.mean_p, self.sd_p), (self.mean_q, self.sd_q))
        )

    def jsd(self, weight: float = 0.5) -> float:
        """JSD in nats: integral of the stable per-point term of `jensen_shannon`."""
        from mari_theory._arrays import bregman_one_plus

        edges = []
        for m, s in ((self.mean_p, self.sd_p), (self.mean_q, self.sd_q)):
            edges.append(m + s * np.linspace(-12.0, 12.0, 97))
        grid = np.unique(np.concatenate(edges))
        nodes, weights = np.polynomial.legendre.leggauss(20)
        half = np.diff(grid)[:, None] / 2
        x = (grid[:-1, None] + half) + half * nodes
        log_p, log_q = self.log_likelihoods(x)
        p, q = np.exp(log_p), np.exp(log_q)
        mixture = (1 - weight) * p + weight * q
        r = np.divide(p - q, mixture, out=np.zeros_like(mixture), where=mixture > 0)
        term = (1 - weight) * bregman_one_plus(np, weight * r) + weight * bregman_one_plus(np, -(1 - weight) * r)
        return float(np.sum(weights * half * mixture * term))

    def total_variation(self) -> float:
        """TV for equal scales: erf(|difference of means| / (2 sqrt(2) sd)); raises otherwise."""
        require(self.sd_p == self.sd_q, "sd", "equal scales", (self.sd_p, self.sd_q))
        return math.erf(abs(self.mean_p - self.mean_q) / (2 * math.sqrt(2) * self.sd_p))

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> Floats:
        """n draws from arm 0 (P) or 1 (Q)."""
        m, s = ((self.mean_p, self.sd_p), (self.mean_q, self.sd_q))[arm]
        return rng.normal(m, s, size=n)


@dataclass(frozen=True)
class CorrelatedGaussian:
    """Joint normal with correlation rho in each of `dimension` coordinate pairs; MI = -d/2 ln(1 - rho^2).

    >>> round(CorrelatedGaussian(0.5).mutual_information(), 6)
    0.143841
    """

    rho: float
    dimension: int = 1

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        require(-1 < self.rho < 1, "rho", "a number in (-1, 1)", self.rho)
        return -0.5 * self.dimension * math.log1p(-self.rho * self.rho)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """n pairs, each (n, dimension)."""
        x = rng.normal(size=(n, self.dimension))
        noise = rng.normal(size=(n, self.dimension))
        return x, self.rho * x + math.sqrt(1 - self.rho**2) * noise


PAIRS: dict[str, CategoricalPair] = {
    "bernoulli": bernoulli(0.3, 0.4),
    "identical": bernoulli(0.3, 0.3),
    "disjoint": CategoricalPair((1.0, 0.0), (0.0, 1.0)),
    "binary symmetric": binary_symmetric(0.2),
    "binary erasure": binary_erasure(0.7),
    "close": CategoricalPair((0.25, 0.25, 0.5), (0.2501, 0.2499, 0.5)),
    "rare symbol": CategoricalPair((1.0, 0.0), (0.999, 0.001)),
    "skewed": CategoricalPair((0.7, 0.2, 0.05, 0.05), (0.4, 0.1, 0.3, 0.2)),
}
"""Named categorical pairs; a new row is picked up by every table of tests."""
