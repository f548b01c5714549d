r"""What a budget says about everyday signals of a model: entropies (self-perplexity, T37) and single words (T38).

The budget is `jsd` in [0, ln 2] nats, equal priors, as in `mari_theory.detectability`; `functional_gap` (T9) there covers every other
bounded signal. Upper ends are rounded up, lower ends down.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from mari_theory.detectability import max_total_variation
from mari_theory.errors import require
from mari_theory.units import LN2, Floats

_UP = 1.0 + 16 * np.finfo(np.float64).eps
_LEAST = np.finfo(np.float64).tiny


def entropy_gap(total_variation: ArrayLike, vocabulary: int | np.integer) -> Floats:
    r"""Largest difference of the entropies of two laws on V symbols within a total variation t (T37), rounded up.

    .. math:: |H(P) - H(Q)| \le t \ln(V - 1) + h(t) \text{ for } t \le 1 - 1/V, \quad \ln V \text{ beyond}

    Parameters: `total_variation` in [0, 1], an upper bound will do: the right side never falls; `vocabulary` V >= 1.
    Returns nats in [0, ln V]. Attained: a point mass against 1 - t on its symbol and the rest spread evenly.
    Raises `ArgumentError`. Source: Fano's inequality on the maximal coupling (Zhang 2007; Audenaert 2007); T37.

    >>> float(entropy_gap(0.0, 50000)), bool(entropy_gap(1.0, 50000) >= math.log(50000))
    (0.0, True)
    >>> round(float(entropy_gap(0.01, 50000)), 4)
    0.1642
    """
    t = np.asarray(total_variation, dtype=np.float64)
    require(bool(np.all((t >= 0) & (t <= 1))), "total_variation", "numbers in [0, 1]", t)
    require(
        isinstance(vocabulary, (int, np.integer)) and vocabulary >= 1,
        "vocabulary",
        "a whole number of at least 1",
        vocabulary,
    )
    top = math.nextafter(math.log(vocabulary), math.inf) if vocabulary > 1 else 0.0
    # Beyond the peak the formula falls again, which a bound must not; a little before it rounding may not decide, so ln V stands there too.
    rising = t < (1.0 - 1.0 / vocabulary) * (1 - 1e-15)
    inside = np.where(rising & (t > 0), t, 0.5)
    spread = inside * math.log(max(vocabulary - 1, 1))
    binary = -inside * np.log(inside) - (1.0 - inside) * np.log1p(-inside)
    bound = np.minimum((spread + binary) * _UP + _LEAST, top)
    return np.where(t == 0, 0.0, np.where(rising, bound, top))


def entropy_gap_from_jsd(jsd: ArrayLike, vocabulary: int | np.integer) -> Floats:
    r"""Largest difference of two entropies within a budget: `entropy_gap` at the largest total variation (T5, T37), rounded up.

    Parameters: `jsd` in [0, ln 2] nats; `vocabulary` V >= 1. Returns nats in [0, ln V]. Not sharp: the pairs that attain the two
    steps differ. Raises `ArgumentError`. Source: T5 and T37.

    >>> float(entropy_gap_from_jsd(0.0, 100)), round(float(entropy_gap_from_jsd(0.0001, 100)), 4)
    (0.0, 0.1393)
    """
    return entropy_gap(max_total_variation(jsd), vocabulary)


def max_word_probability(probability: ArrayLike, jsd: ArrayLike) -> Floats:
    r"""Largest probability of a word in one arm when it has `probability` in the other (T38), rounded up.

    .. math:: (p - q)^2 \le 2 J (p + q)(2 - p - q) \le \min(4 J (p + q), 2 J), \quad |p - q| \le TV_{max}(J)

    Parameters: `probability` p in [0, 1] and `jsd` J in [0, ln 2] nats, broadcast. Returns the larger root q of the first
    inequality, at most p + TV_max and 1. A closed form, tight for small budgets; the exact value is `max_tpr(p, J)`, of which this is at most
    2 ln 2 times (small budgets at p = 0). Raises `ArgumentError`. Source: T5's phi(t) >= t^2/2 at the word and at its complement; T38.

    >>> round(float(max_word_probability(0.001, 0.0001)), 5), float(max_word_probability(0.3, 0.0))
    (0.00212, 0.3)
    """
    p, budget = _word(probability, jsd)
    q = p + np.minimum(_step(p, budget, 1.0), max_total_variation(budget))
    return np.where(budget == 0, p, np.minimum(np.nextafter(q, 2.0), 1.0))


def min_word_probability(probability: ArrayLike, jsd: ArrayLike) -> Floats:
    """Least probability of a word in one arm when it has `probability` in the other (T38), rounded down.

    The smaller root of the inequality of `max_word_probability`, at least p - TV_max and 0; the exact value is 1 - `max_tpr(1 - p, J)`.
    Same arguments and errors.

    >>> float(min_word_probability(0.001, 0.001)), round(float(min_word_probability(0.5, 0.001)), 4)
    (0.0, 0.4553)
    """
    p, budget = _word(probability, jsd)
    q = p - np.minimum(_step(p, budget, -1.0), max_total_variation(budget))
    return np.where(budget == 0, p, np.maximum(np.nextafter(q, -1.0), 0.0))


def word_gap(jsd: ArrayLike, probability: ArrayLike) -> Floats:
    """Largest |p(w) - q(w)| of a word that has `probability` in one arm (T38), rounded up.

    Same arguments and errors as `max_word_probability`; the larger of the ways up and down.

    >>> float(word_gap(0.0, 0.3)), round(float(word_gap(0.001, 0.5)), 4)
    (0.0, 0.0447)
    """
    p, budget = _word(probability, jsd)
    gap = np.maximum(max_word_probability(p, budget) - p, p - min_word_probability(p, budget))
    return np.where(budget == 0, 0.0, np.minimum(np.nextafter(gap * _UP, 2.0), 1.0))


def _step(p: Floats, budget: Floats, way: float) -> Floats:
    """The larger root d of (1 + 2J) d^2 - way 4J(1 - 2p) d - 8J p(1 - p) = 0, rounded up; square roots first, lest products underflow."""
    lead, lean = 1.0 + 2.0 * budget, way * 2.0 * budget * (1.0 - 2.0 * p)
    root = np.sqrt(8.0 * budget) * np.sqrt(p) * np.sqrt(1.0 - p)
    whole = np.hypot(lean, np.sqrt(lead) * root)
    falling = root * (root / np.where(lean < 0, whole - lean, 1.0))
    return np.asarray(np.where(lean < 0, falling, (lean + whole) / lead) * _UP + _LEAST)


def _word(probability: ArrayLike, jsd: ArrayLike) -> tuple[Floats, Floats]:
    p, budget = np.broadcast_arrays(np.asarray(probability, dtype=np.float64), np.asarray(jsd, dtype=np.float64))
    require(bool(np.all((p >= 0) & (p <= 1))), "probability", "numbers in [0, 1]", p)
    ok = bool(np.all((budget >= 0) & (budget <= LN2 * (1 + 1e-6))))
    require(ok, "jsd", "numbers in [0, ln 2] nats", budget)
    return p, np.asarray(np.minimum(budget, LN2))
