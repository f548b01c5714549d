"""Categorical pairs with exact divergences: channels, Zipf laws over a vocabulary, products of n."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln

from mari_theory.divergences import jensen_shannon, total_variation
from mari_theory.errors import require
from mari_theory.units import Floats


@dataclass(frozen=True)
class CategoricalPair:
    """Two laws on one finite alphabet.

    >>> CategoricalPair((1.0, 0.0), (0.0, 1.0)).jsd() == math.log(2)
    True
    """

    p: tuple[float, ...] | Floats
    """Probabilities of the symbols under P, sum 1."""
    q: tuple[float, ...] | Floats
    """Probabilities of the same symbols under Q, sum 1."""

    def arms(self) -> tuple[Floats, Floats]:
        """Both laws as arrays."""
        return np.asarray(self.p, dtype=float), np.asarray(self.q, dtype=float)

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


def z_channel(flip: float) -> CategoricalPair:
    """The two rows of a Z channel: 0 is received as it is, 1 becomes 0 with probability `flip`.

    >>> z_channel(0.25).total_variation()
    0.75
    """
    require(0.0 <= flip <= 1.0, "flip", "a number in [0, 1]", flip)
    return CategoricalPair((1.0, 0.0), (flip, 1 - flip))


def zipf(jsd: float, symbols: int = 50_000, exponent: float = 1.2) -> CategoricalPair:
    """Zipf's law on a vocabulary against its mixture with the law in reverse order, at a wanted JSD in nats.

    P(k) ~ k^-exponent, Q = (1 - share) P + share reversed(P); `share` solves JSD(P, Q) = jsd.
    Raises `ArgumentError` when share = 1 does not reach that far.

    >>> abs(zipf(1e-6, 1000).jsd() / 1e-6 - 1) < 1e-6
    True
    """
    p = np.arange(1, symbols + 1, dtype=float) ** -exponent
    p /= p.sum()
    q = p[::-1]
    far = float(jensen_shannon(p, q))
    require(0.0 < jsd <= far, "jsd", f"a number in (0, {far:.4f}]", jsd)
    if jsd == far:
        return CategoricalPair(p, q)

    def excess(log_share: float) -> float:
        share = math.exp(log_share)
        return math.log(float(jensen_shannon(p, p + share * (q - p), check=False)) / jsd)

    share = math.exp(float(brentq(excess, math.log(1e-12), 0.0, xtol=1e-12)))
    mixture = p + share * (q - p)
    return CategoricalPair(p, mixture / mixture.sum())


def product(pair: CategoricalPair, n: int) -> CategoricalPair:
    """n independent draws of a two-symbol pair, reduced to the count of 1s, which is sufficient: JSD(P^n, Q^n).

    >>> product(bernoulli(0.3, 0.4), 3).jsd() <= 3 * bernoulli(0.3, 0.4).jsd()
    True
    """
    require(len(pair.p) == 2, "pair", "a pair on two symbols", f"{len(pair.p)} symbols")
    require(n >= 1, "n", "at least one draw", n)
    k = np.arange(n + 1)
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    laws = []
    for arm in pair.arms():
        with np.errstate(divide="ignore", invalid="ignore"):
            zero, one = np.where(k == n, 0.0, (n - k) * np.log(arm[0])), np.where(k == 0, 0.0, k * np.log(arm[1]))
        law = np.exp(choose + zero + one)
        laws.append(law / law.sum())
    return CategoricalPair(laws[0], laws[1])


PAIRS: dict[str, CategoricalPair] = {
    "bernoulli": bernoulli(0.3, 0.4),
    "identical": bernoulli(0.3, 0.3),
    "disjoint": CategoricalPair((1.0, 0.0), (0.0, 1.0)),
    "binary symmetric": binary_symmetric(0.2),
    "binary erasure": binary_erasure(0.7),
    "close": CategoricalPair((0.25, 0.25, 0.5), (0.2501, 0.2499, 0.5)),
    "rare symbol": CategoricalPair((1.0, 0.0), (0.999, 0.001)),
    "z channel": z_channel(0.4),
    "nine draws": product(bernoulli(0.3, 0.4), 9),
    "skewed": CategoricalPair((0.7, 0.2, 0.05, 0.05), (0.4, 0.1, 0.3, 0.2)),
}
"""Named categorical pairs; a new row is picked up by every table of tests."""
