"""Finite laws with rational weights, every sample they can produce and its exact probability: coverage is a sum, not a simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from mari_theory.errors import require
from mari_theory.families import CategoricalPair
from mari_theory.units import Floats

if TYPE_CHECKING:
    Values = tuple[float, ...]
    Weights = tuple[Fraction, ...]
    Masses = Sequence[int]
else:  # the checker of the test run looks at a random item of a container, and a strategy may not draw at random
    Values = Weights = tuple
    Masses = Sequence


@dataclass(frozen=True)
class FiniteLaw:
    """A law on finitely many numbers, weights rational: means and probabilities of samples are exact.

    Raises `ArgumentError` on weights that are no probabilities, or not one a value.

    >>> FiniteLaw((0.0, 1.0), (Fraction(2, 3), Fraction(1, 3))).mean()
    Fraction(1, 3)
    """

    values: Values
    """The numbers."""
    weights: Weights
    """The probability of each number: rational, at least 0, sum 1."""

    def __post_init__(self) -> None:
        require(len(self.values) == len(self.weights) > 0, "weights", "one weight a value", self.weights)
        require(min(self.weights) >= 0 and sum(self.weights) == 1, "weights", "weights that sum to 1", self.weights)

    def mean(self) -> Fraction:
        """Of the float64 values as they are stored."""
        return sum((w * Fraction(v) for v, w in zip(self.values, self.weights, strict=True)), Fraction(0))

    def floats(self) -> Floats:
        """The weights, each rounded to the nearest float64."""
        return np.array([float(w) for w in self.weights])


def law_of(values: Any, masses: Masses) -> FiniteLaw:
    """The law with weights in proportion to whole masses.

    >>> law_of([0.0, 1.0], [3, 1]).weights
    (Fraction(3, 4), Fraction(1, 4))
    """
    require(sum(masses) > 0, "masses", "whole numbers with a positive sum", masses)
    return FiniteLaw(tuple(values), tuple(Fraction(m, sum(masses)) for m in masses))


def _masses(outcomes: int) -> st.SearchStrategy[list[int]]:
    """Whole masses from equal to one part in a million, zeros allowed."""
    one = st.one_of(st.just(0), st.integers(1, 6), st.sampled_from([100, 10_000, 1_000_000]))
    return st.lists(one, min_size=outcomes, max_size=outcomes).filter(any)


@st.composite
def finite_laws(draw: Any, outcomes: int | None = None, most: int = 3, values: Values | None = None) -> Any:
    """A `FiniteLaw` on `outcomes` values in [0, 1] (default 2 to `most`), or on the given values.

    The values are often the ends 0 and 1, and a weight may be zero or close to it.

    >>> from hypothesis import find
    >>> find(finite_laws(values=(0.0, 1.0)), lambda law: law.mean() == Fraction(1, 2)).weights
    (Fraction(1, 2), Fraction(1, 2))
    """
    if values is None:
        k = outcomes or draw(st.integers(2, most))
        place = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))
        values = tuple(sorted(draw(st.lists(place, min_size=k, max_size=k, unique=True))))
    return law_of(values, draw(_masses(len(values))))


@st.composite
def finite_pairs(draw: Any, outcomes: int | None = None, most: int = 3) -> Any:
    """Two `FiniteLaw`s on the same few symbols 0, 1, ..., unrelated or one a neighbour of the other.

    >>> from hypothesis import find
    >>> p, q = find(finite_pairs(2), lambda pair: pair[0] != pair[1])
    >>> p.values == q.values == (0, 1)
    True
    """
    k = outcomes or draw(st.integers(2, most))
    first = draw(_masses(k))
    second = draw(_masses(k))
    if draw(st.booleans()):
        second = [100 * a * sum(second) + b * sum(first) for a, b in zip(first, second, strict=True)]
    return law_of(range(k), first), law_of(range(k), second)


def categorical(p: FiniteLaw, q: FiniteLaw) -> CategoricalPair:
    """The same arms as a `CategoricalPair`, whose divergences have closed forms.

    >>> round(categorical(law_of(range(2), [1, 1]), law_of(range(2), [3, 1])).total_variation(), 12)
    0.25
    """
    return CategoricalPair(tuple(map(float, p.weights)), tuple(map(float, q.weights)))


def likelihood_rows(
    p: FiniteLaw, q: FiniteLaw, drawn_p: Sequence[int], drawn_q: Sequence[int]
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Exact rows (log_p, log_q, arm) of symbols drawn from P, then symbols drawn from Q.

    >>> p, q = law_of(range(2), [1, 1]), law_of(range(2), [3, 1])
    >>> np.exp(likelihood_rows(p, q, [0], [1])[1]).round(12).tolist()
    [0.75, 0.25]
    """
    log_p, log_q = categorical(p, q).log_likelihoods(np.array([*drawn_p, *drawn_q], dtype=np.int64))
    return log_p, log_q, np.repeat([0, 1], [len(drawn_p), len(drawn_q)])


def product_samples(laws: Sequence[FiniteLaw]) -> Iterator[tuple[tuple[float, ...], Fraction]]:
    """Every sample of independent terms, one law each, with its exact probability; impossible samples are left out.

    >>> sum(p for _, p in product_samples([law_of([0.0], [1]), law_of([0.2, 0.7], [1, 2])]))
    Fraction(1, 1)
    """
    supports = [[(v, w) for v, w in zip(x.values, x.weights, strict=True) if w > 0] for x in laws]
    for terms in itertools.product(*supports):
        yield tuple(v for v, _ in terms), math.prod((w for _, w in terms), start=Fraction(1))


def finite_samples(law: FiniteLaw, n: int) -> Iterator[tuple[tuple[float, ...], Fraction]]:
    """Every sample of n independent draws, order and all, with its exact probability: at most k^n of them.

    >>> list(finite_samples(law_of([0.0, 1.0], [2, 1]), 1))
    [((0.0,), Fraction(2, 3)), ((1.0,), Fraction(1, 3))]
    """
    return product_samples([law] * n)


def compositions(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Every way to write n as an ordered sum of `parts` numbers from 0 up.

    >>> list(compositions(2, 2))
    [(0, 2), (1, 1), (2, 0)]
    """
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in compositions(n - first, parts - 1):
            yield (first, *rest)


def finite_counts(law: FiniteLaw, n: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every vector of counts of n independent draws with its exact multinomial probability, impossible ones left out.

    >>> [p for _, p in finite_counts(law_of([0.0, 1.0], [1, 1]), 2)]
    [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]
    """
    for counts in compositions(n, len(law.values)):
        ways = math.factorial(n)
        chance = Fraction(1)
        for c, w in zip(counts, law.weights, strict=True):
            ways //= math.factorial(c)
            chance *= w**c
        if chance > 0:
            yield counts, ways * chance
