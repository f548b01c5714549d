"""Joint laws of (X, Y) with known mutual information, samplers and pointwise information ln p(x,y)/(p(x) p(y)).

Every joint has `mutual_information()` in nats, `sample(n, rng) -> (x, y)` with shapes (n, dim_x) and (n, dim_y), and
`pointwise_information(x, y)`, whose mean under the joint is the mutual information.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.special import gammaln, psi, xlogy

from mari_theory.divergences import entropy
from mari_theory.errors import require
from mari_theory.units import Floats

Sample = tuple[Floats, Floats]


@runtime_checkable
class Joint(Protocol):
    """What a joint law offers."""

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        ...

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n independent pairs."""
        ...

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """ln p(x, y)/(p(x) p(y)) of each pair."""
        ...


@dataclass(frozen=True)
class DiscreteJoint:
    """Two symbols, sampled as their row and column numbers in a table of joint probabilities.

    >>> DiscreteJoint(((0.5, 0.0), (0.0, 0.5))).mutual_information() == math.log(2)
    True
    """

    table: tuple[tuple[float, ...], ...]
    """Joint probabilities, a row a symbol of X and a column a symbol of Y: at least 0, sum 1."""

    def __post_init__(self) -> None:
        joint = np.asarray(self.table, dtype=float)
        ok = joint.ndim == 2 and bool(np.all(joint >= 0)) and abs(float(joint.sum()) - 1) < 1e-9
        require(ok, "table", "a matrix of non-negative numbers that sum to 1", self.table)

    def _laws(self) -> tuple[Floats, Floats, Floats]:
        joint = np.asarray(self.table, dtype=float)
        return joint, joint.sum(axis=1), joint.sum(axis=0)

    def mutual_information(self) -> float:
        """KL(P_XY || P_X P_Y), exact to rounding."""
        joint, px, py = self._laws()
        return float(np.sum(xlogy(joint, joint) - xlogy(joint, np.outer(px, py))))

    def entropies(self) -> tuple[float, float, float]:
        """H(X), H(Y), H(X, Y) in nats."""
        joint, px, py = self._laws()
        return float(entropy(px)), float(entropy(py)), float(entropy(joint.ravel()))

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs of symbol numbers, each (n, 1)."""
        joint = self._laws()[0]
        cell = rng.choice(joint.size, size=n, p=joint.ravel())
        x, y = np.unravel_index(cell, joint.shape)
        return x[:, None].astype(float), y[:, None].astype(float)

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """ln of the table over the product of its margins."""
        joint, px, py = self._laws()
        i, j = x[:, 0].astype(int), y[:, 0].astype(int)
        return np.log(joint[i, j]) - np.log(px[i]) - np.log(py[j])


def channel(input_law: tuple[float, ...], rows: tuple[tuple[float, ...], ...]) -> DiscreteJoint:
    """The joint law of a channel's input and output.

    >>> channel((0.5, 0.5), ((0.9, 0.1), (0.1, 0.9))).mutual_information() < math.log(2)
    True
    """
    return DiscreteJoint(tuple(tuple(p * k for k in row) for p, row in zip(input_law, rows, strict=True)))


@dataclass(frozen=True)
class GaussianJoint:
    """Zero-mean normal vector split after `dim_x` coordinates; MI = (ln|S_X| + ln|S_Y| - ln|S|)/2.

    >>> round(gaussian_pair(0.75).mutual_information(), 6)
    0.413339
    """

    dim_x: int
    """Coordinates of X, at least 1; the rest are Y's, at least 1."""
    covariance: tuple[tuple[float, ...], ...]
    """Of X's coordinates, then Y's: symmetric and positive definite."""

    def __post_init__(self) -> None:
        s = np.asarray(self.covariance, dtype=float)
        ok = s.ndim == 2 and s.shape[0] == s.shape[1] and 0 < self.dim_x < s.shape[0] and np.allclose(s, s.T)
        require(ok, "covariance", "a symmetric matrix larger than dim_x", s.shape)
        require(float(np.linalg.eigvalsh(s)[0]) > 0, "covariance", "a positive definite matrix", "an eigenvalue <= 0")

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        s, d = np.asarray(self.covariance, dtype=float), self.dim_x
        volume = [float(np.linalg.slogdet(block)[1]) for block in (s[:d, :d], s[d:, d:], s)]
        return 0.5 * (volume[0] + volume[1] - volume[2])

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        s = np.asarray(self.covariance, dtype=float)
        z = rng.normal(size=(n, len(s))) @ np.linalg.cholesky(s).T
        return z[:, : self.dim_x], z[:, self.dim_x :]

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """Difference of the log-densities."""
        quadratic = _quadratic_forms(np.asarray(self.covariance, dtype=float), self.dim_x, x, y)
        return self.mutual_information() - 0.5 * (quadratic[0] - quadratic[1] - quadratic[2])


def _quadratic_forms(s: Floats, d: int, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    z = np.hstack([x, y])
    parts = ((s, z), (s[:d, :d], x), (s[d:, d:], y))
    return tuple(np.einsum("ij,ij->i", v @ np.linalg.inv(m), v) for m, v in parts)  # type: ignore[return-value]


def _equicorrelation(size: int, off_diagonal: float) -> tuple[tuple[float, ...], ...]:
    s = np.full((size, size), off_diagonal)
    np.fill_diagonal(s, 1.0)
    return tuple(map(tuple, s.tolist()))


def gaussian_pair(rho: float) -> GaussianJoint:
    """Bivariate normal with correlation rho."""
    require(-1 < rho < 1, "rho", "a number in (-1, 1)", rho)
    return GaussianJoint(1, ((1.0, rho), (rho, 1.0)))


def gaussian_dense(dim_x: int, dim_y: int, off_diagonal: float = 0.5) -> GaussianJoint:
    """Every two coordinates correlated alike."""
    return GaussianJoint(dim_x, _equicorrelation(dim_x + dim_y, off_diagonal))


def gaussian_sparse(dim_x: int, dim_y: int, interacting: int = 2, strength: float = 2.0) -> GaussianJoint:
    """The first `interacting` coordinates of X and Y share a latent of weight `strength`: rho = s^2/(1 + s^2).

    With two interacting pairs of strength 2 this is the 2-pair task of the BMI benchmark.

    >>> round(gaussian_sparse(5, 5).mutual_information(), 4)
    1.0217
    """
    require(0 <= interacting <= min(dim_x, dim_y), "interacting", "at most min(dim_x, dim_y)", interacting)
    s = np.eye(dim_x + dim_y)
    for i in range(interacting):
        s[i, dim_x + i] = s[dim_x + i, i] = strength**2 / (1 + strength**2)
    return GaussianJoint(dim_x, tuple(map(tuple, s.tolist())))


@dataclass(frozen=True)
class StudentJoint:
    """Multivariate Student-t with a dispersion matrix; dependent even when the dispersion is the identity.

    MI = Gaussian MI of the dispersion + f(nu) + f(nu + dim_x + dim_y) - f(nu + dim_x) - f(nu + dim_y), with
    f(a) = ln Gamma(a/2) - a/2 psi(a/2) (from the entropies of Arellano-Valle et al., 2013).

    >>> round(StudentJoint(1, 1, 1.0).mutual_information(), 4)
    0.2242
    """

    dim_x: int
    """Coordinates of X."""
    dim_y: int
    """Coordinates of Y."""
    degrees: float
    """Of freedom (nu), above 0."""
    dispersion: tuple[tuple[float, ...], ...] | None = None
    """Of X's coordinates, then Y's: symmetric and positive definite; None: the identity."""

    def __post_init__(self) -> None:
        require(self.degrees > 0, "degrees", "a positive number", self.degrees)

    def _gaussian(self) -> GaussianJoint:
        return GaussianJoint(self.dim_x, self.dispersion or _equicorrelation(self.dim_x + self.dim_y, 0.0))

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        nu, m, k = self.degrees, self.dim_x, self.dim_y

        def f(a: float) -> float:
            return float(gammaln(a / 2) - a / 2 * psi(a / 2))

        return self._gaussian().mutual_information() + f(nu) + f(nu + m + k) - f(nu + m) - f(nu + k)

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        x, y = self._gaussian().sample(n, rng)
        scale = np.sqrt(self.degrees / rng.chisquare(self.degrees, size=(n, 1)))
        return x * scale, y * scale

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """Difference of the log-densities."""
        base, nu = self._gaussian(), self.degrees
        quadratic = _quadratic_forms(np.asarray(base.covariance, dtype=float), self.dim_x, x, y)
        total = np.full(len(x), base.mutual_information())
        for sign, dim, form in zip(
            (1, -1, -1), (self.dim_x + self.dim_y, self.dim_x, self.dim_y), quadratic, strict=True
        ):
            constant = gammaln((nu + dim) / 2) - gammaln(nu / 2)
            total += sign * (constant - (nu + dim) / 2 * np.log1p(form / nu))
        return total


@dataclass(frozen=True)
class AdditiveUniform:
    """X uniform on [0, 1], Y = X + noise uniform on [-e, e]: MI = e - ln 2e for e <= 1/2, else 1/(4e).

    >>> round(AdditiveUniform(0.75).mutual_information(), 6)
    0.333333
    """

    noise: float
    """Half width e of the noise, above 0."""

    def __post_init__(self) -> None:
        require(self.noise > 0, "noise", "a positive number", self.noise)

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        return self.noise - math.log(2 * self.noise) if self.noise <= 0.5 else 0.25 / self.noise

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        x = rng.random((n, 1))
        return x, x + rng.uniform(-self.noise, self.noise, size=(n, 1))

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """-ln of the length of x that can have led to y."""
        v = y[:, 0]
        return -np.log(np.minimum(1.0, v + self.noise) - np.maximum(0.0, v - self.noise))


@dataclass(frozen=True)
class UniformMixture:
    """X uniform on {0, ..., m-1}, Y uniform on [X, X + 2]: discrete against continuous, MI = ln m - (m-1)/m ln 2.

    Source: Gao et al. (2017).

    >>> round(UniformMixture(5).mutual_information(), 6)
    1.05492
    """

    symbols: int = 5
    """Number of values m that X takes, at least 1."""

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        return math.log(self.symbols) - (self.symbols - 1) / self.symbols * math.log(2)

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        x = rng.integers(self.symbols, size=(n, 1)).astype(float)
        return x, x + 2 * rng.random((n, 1))

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """ln of m over the number of symbols whose range covers y."""
        cell = np.floor(y[:, 0])
        covering = np.where((cell == 0) | (cell >= self.symbols), 1.0, 2.0)
        return np.log(self.symbols / covering)


@dataclass(frozen=True)
class ZeroInflatedPoisson:
    r"""X exponential with mean 1; Y = 0 with probability p, otherwise Poisson(X): continuous against counts.

    .. math:: I = \tfrac{1}{1-p}\left[\tfrac{p^2 - 1}{4} - \tfrac{\ln p_0 + p^2 \ln(p/p_0)}{2}\right]
              + (1-p) \left(2 \ln 2 - \gamma - \sum_k 2^{-k} \ln k - \tfrac{\ln 2}{2} + \tfrac14 \right),
              \quad p_0 = \tfrac{1+p}{2}

    Derived here. The value (1-p)(2 ln 2 - gamma - sum 2^-k ln k) printed by Gao et al. (2017) is that of an observer who is told
    which zeros were inflated; it is too large for p > 0 (`tests/mari_theory/test_families.py` shows it by simulation).

    >>> round(ZeroInflatedPoisson(0.0).mutual_information(), 4)
    0.3012
    """

    inflation: float = 0.15
    """Probability p in [0, 1) that Y is 0 whatever X is."""

    def __post_init__(self) -> None:
        require(0 <= self.inflation < 1, "inflation", "a number in [0, 1)", self.inflation)

    def mutual_information(self) -> float:
        """Exact MI in nats."""
        p = self.inflation
        zero = (1 + p) / 2
        k = np.arange(1, 80)
        pure = 2 * math.log(2) - float(np.euler_gamma) - float(np.sum(np.log(k) * 0.5**k))
        at_zero = (p * p - 1) / 4 - 0.5 * (math.log(zero) + (p * p * math.log(p / zero) if p else 0.0))
        return at_zero / (1 - p) + (1 - p) * (pure - math.log(2) / 2 + 0.25)

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        x = rng.exponential(size=(n, 1))
        counted = rng.random((n, 1)) >= self.inflation
        return x, np.where(counted, rng.poisson(x), 0).astype(float)

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """ln P(y | x) / P(y)."""
        p, rate, count = self.inflation, x[:, 0], y[:, 0]
        at_zero = np.log(p + (1 - p) * np.exp(-rate)) - math.log((1 + p) / 2)
        above = count * np.log(rate) - rate - gammaln(count + 1) + (count + 1) * math.log(2)
        return np.where(count == 0, at_zero, above)


@dataclass(frozen=True)
class Transformed:
    """A joint seen through an injective map of X and one of Y, which leave its information unchanged (T3, both ways)."""

    base: Joint
    """Law of X and Y before the maps."""
    of_x: Callable[[Floats], Floats]
    """Injective map of samples of X, (n, dim_x) in, n rows out."""
    of_y: Callable[[Floats], Floats]
    """Injective map of samples of Y, (n, dim_y) in, n rows out."""

    def mutual_information(self) -> float:
        """That of the base."""
        return self.base.mutual_information()

    def sample(self, n: int, rng: np.random.Generator) -> Sample:
        """n pairs."""
        x, y = self.base.sample(n, rng)
        return self.of_x(x), self.of_y(y)

    def pointwise_information(self, x: Floats, y: Floats) -> Floats:
        """Of *base* coordinates: the maps are injective, so the value belongs to the transformed pair too."""
        return self.base.pointwise_information(x, y)
