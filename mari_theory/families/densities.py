"""Pairs of densities on the line, with their Jensen-Shannon divergence by quadrature, rigorous where it is enclosed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from flint import acb, arb
from scipy.special import erfc

from mari_theory.enclosures.balls import Ball
from mari_theory.errors import require
from mari_theory.kernels.arrays import bregman_one_plus
from mari_theory.quadrature import density_jsd_enclosure
from mari_theory.units import Floats


@dataclass(frozen=True)
class GaussianPair:
    """N(mean_p, sd_p^2) against N(mean_q, sd_q^2); JSD by composite Gauss-Legendre quadrature to 1e-12.

    >>> GaussianPair(0.0, 1.0, 0.0, 1.0).jsd()
    0.0
    """

    mean_p: float
    """Mean of P."""
    sd_p: float
    """Standard deviation of P, above 0."""
    mean_q: float
    """Mean of Q."""
    sd_q: float
    """Standard deviation of Q, above 0."""

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
class GaussianMixturePair:
    """Two mixtures of normals; JSD enclosed by rigorous quadrature.

    >>> pair = GaussianMixturePair(((1.0, 0.0, 1.0),), ((0.5, -1.0, 1.0), (0.5, 1.0, 1.0)))
    >>> low, high = pair.jsd_enclosure()
    >>> 0 < low <= high < low + 1e-12
    True
    """

    p: tuple[tuple[float, float, float], ...]
    """Parts of P as (share, mean, standard deviation): positive shares that sum to 1, positive deviations."""
    q: tuple[tuple[float, float, float], ...]
    """Parts of Q, likewise."""

    def __post_init__(self) -> None:
        for name, arm in (("p", self.p), ("q", self.q)):
            total = math.fsum(share for share, _, _ in arm)
            ok = abs(total - 1) < 1e-12 and all(share > 0 and sd > 0 for share, _, sd in arm)
            require(ok, name, "positive shares that sum to 1 and positive scales", arm)

    def log_likelihoods(self, x: Floats) -> tuple[Floats, Floats]:
        """Log-densities of both arms."""
        out = []
        for arm in (self.p, self.q):
            parts = [
                math.log(share) - 0.5 * ((x - mean) / sd) ** 2 - math.log(sd * math.sqrt(2 * math.pi))
                for share, mean, sd in arm
            ]
            out.append(np.logaddexp.reduce(parts, axis=0))
        return out[0], out[1]

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> Floats:
        """n draws from arm 0 (P) or 1 (Q)."""
        parts = np.array((self.p, self.q)[arm])
        which = rng.choice(len(parts), size=n, p=parts[:, 0])
        return rng.normal(parts[which, 1], parts[which, 2])

    def jsd_enclosure(self) -> tuple[float, float]:
        """Two numbers with the JSD (nats) between them, tails and rounding included."""
        parts = (*self.p, *self.q)
        # Ten standard deviations: the mass beyond is below 1e-22, and is added to the upper end.
        low, high = min(m - 10 * s for _, m, s in parts), max(m + 10 * s for _, m, s in parts)
        tail = sum(
            share * 0.5 * (float(erfc((high - m) / s / math.sqrt(2))) + float(erfc((m - low) / s / math.sqrt(2))))
            for share, m, s in parts
        )

        def density(arm: tuple[tuple[float, float, float], ...]) -> Ball:
            def value(z: Ball) -> Ball:
                total = acb(0)
                for share, mean, sd in arm:
                    score = (z - mean) / sd
                    total += arb(share) / (arb(sd) * (2 * arb.pi()).sqrt()) * (-score * score / 2).exp()
                return total

            return value

        cuts = sorted({low, high, *(m for _, m, _ in parts)})
        return density_jsd_enclosure(density(self.p), density(self.q), cuts, tail)

    def jsd(self) -> float:
        """The middle of the enclosure."""
        return sum(self.jsd_enclosure()) / 2


@dataclass(frozen=True)
class LaplacePair:
    """Two Laplace laws; JSD enclosed by rigorous quadrature between the kinks.

    >>> low, high = LaplacePair((0.0, 1.0), (0.5, 1.0)).jsd_enclosure()
    >>> 0 < low <= high < low + 1e-12
    True
    """

    p: tuple[float, float]
    """(location, scale) of P, the scale above 0."""
    q: tuple[float, float]
    """(location, scale) of Q, the scale above 0."""

    def __post_init__(self) -> None:
        require(self.p[1] > 0 and self.q[1] > 0, "scale", "positive numbers", (self.p[1], self.q[1]))

    def log_likelihoods(self, x: Floats) -> tuple[Floats, Floats]:
        """Log-densities of both arms."""
        return tuple(-np.abs(x - m) / s - math.log(2 * s) for m, s in (self.p, self.q))  # type: ignore[return-value]

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> Floats:
        """n draws from arm 0 (P) or 1 (Q)."""
        location, scale = (self.p, self.q)[arm]
        return rng.laplace(location, scale, size=n)

    def jsd_enclosure(self) -> tuple[float, float]:
        """Two numbers with the JSD (nats) between them, tails and rounding included."""
        low, high = min(m - 50 * s for m, s in (self.p, self.q)), max(m + 50 * s for m, s in (self.p, self.q))
        tail = sum(0.5 * (math.exp((low - m) / s) + math.exp((m - high) / s)) for m, s in (self.p, self.q))
        kinks = sorted({low, high, self.p[0], self.q[0]})
        total = [0.0, 0.0]
        for a, b in pairwise(kinks):

            def density(location: float, scale: float, right: bool) -> Ball:
                sign = -1 if right else 1
                return lambda z: (sign * (z - location) / scale).exp() / (2 * arb(scale))

            middle = (a + b) / 2
            ends = density_jsd_enclosure(
                density(*self.p, middle > self.p[0]), density(*self.q, middle > self.q[0]), [a, b], 0.0
            )
            total = [total[0] + ends[0], total[1] + ends[1]]
        return total[0] * (1 - 1e-15), (total[1] + tail) * (1 + 1e-15)

    def jsd(self) -> float:
        """The middle of the enclosure."""
        return sum(self.jsd_enclosure()) / 2
