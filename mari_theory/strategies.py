"""Hypothesis strategies for laws, pairs, joints and channels, zeros and near-equality included (needs `hypothesis`).

Finite laws with rational weights (`finite_laws`, `finite_pairs`) come with every sample they can produce and its exact
probability (`finite_samples`, `finite_counts`): the coverage of an interval is then a sum, not a simulation.

>>> from hypothesis import given
>>> from mari_theory.strategies import pairs
>>> @given(pairs())
... def test(pair):
...     assert 0.0 <= float(jensen_shannon(*pair)) <= 0.6931471805599454
>>> from mari_theory import jensen_shannon
>>> test()
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from mari_theory.errors import require
from mari_theory.families import CategoricalPair

Floats = NDArray[np.float64]
if TYPE_CHECKING:
    Values = tuple[float, ...]
    Weights = tuple[Fraction, ...]
    Masses = Sequence[int]
else:  # the checker of the test run looks at a random item of a container, and a strategy may not draw at random
    Values = Weights = tuple
    Masses = Sequence
_MASSES = st.one_of(st.just(0.0), st.floats(1e-12, 1.0))


@st.composite
def laws(draw: Any, outcomes: int | None = None, most: int = 8) -> Any:
    """One law on `outcomes` symbols (default 2 to `most`), zeros allowed.

    >>> from hypothesis import find
    >>> abs(float(find(laws(3), lambda p: True).sum()) - 1) < 1e-12
    True
    """
    k = outcomes or draw(st.integers(2, most))
    masses = draw(npst.arrays(float, k, elements=_MASSES).filter(lambda v: v.sum() > 1e-6))
    return masses / masses.sum()


@st.composite
def pairs(draw: Any, outcomes: int | None = None, most: int = 8) -> Any:
    """Two laws on one alphabet: unrelated, or one moved towards the other by a factor down to 1e-9.

    >>> from hypothesis import find
    >>> p, q = find(pairs(4), lambda pair: float(pair[0] @ pair[1]) == 0.0)  # disjoint
    >>> p.shape == q.shape == (4,)
    True
    """
    k = outcomes or draw(st.integers(2, most))
    p, q = draw(laws(k)), draw(laws(k))
    if draw(st.booleans()):
        step = 10.0 ** draw(st.floats(-9, 0))
        q = (1 - step) * p + step * q
        q = q / q.sum()
    return p, q


@st.composite
def joints(draw: Any, rows: int | None = None, columns: int | None = None) -> Any:
    """A joint law as a matrix (rows, columns), from independent to deterministic.

    >>> from hypothesis import find
    >>> find(joints(2, 3), lambda j: True).shape
    (2, 3)
    """
    shape = rows or draw(st.integers(2, 5)), columns or draw(st.integers(2, 5))
    if draw(st.booleans()):
        return np.outer(draw(laws(shape[0])), draw(laws(shape[1])))
    masses = draw(npst.arrays(float, shape, elements=_MASSES).filter(lambda v: v.sum() > 1e-6))
    return masses / masses.sum()


@st.composite
def channels(draw: Any, inputs: int | None = None, outputs: int | None = None) -> Any:
    """A row-stochastic matrix (inputs, outputs): random rows, or a deterministic map.

    >>> from hypothesis import find
    >>> bool(np.allclose(find(channels(3, 2), lambda k: True).sum(axis=1), 1))
    True
    """
    n, k = inputs or draw(st.integers(2, 6)), outputs or draw(st.integers(1, 5))
    if draw(st.booleans()):
        return np.eye(k)[draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))]
    return np.stack([draw(laws(k)) if k > 1 else np.ones(1) for _ in range(n)])


def budgets() -> st.SearchStrategy[float]:
    """Divergence budgets in [0, ln 2] nats, small ones and both ends included.

    >>> from hypothesis import find
    >>> 0 <= find(budgets(), lambda j: j > 0) <= math.log(2)
    True
    """
    return st.one_of(st.sampled_from([0.0, math.log(2.0)]), st.floats(-14, math.log10(math.log(2.0))).map(_power))


def weights() -> st.SearchStrategy[float]:
    """Arm weights w in (0, 1), far from the ends and close to them.

    >>> from hypothesis import find
    >>> 0 < find(weights(), lambda w: True) < 1
    True
    """
    return st.one_of(st.just(0.5), st.floats(0.001, 0.999))


@dataclass(frozen=True)
class FiniteLaw:
    """A law on finitely many numbers, weights rational: means and probabilities of samples are exact.

    Raises `ArgumentError` unless the weights are non-negative, as many as the values, and sum to 1.

    >>> FiniteLaw((0.0, 1.0), (Fraction(2, 3), Fraction(1, 3))).mean()
    Fraction(1, 3)
    """

    values: Values
    weights: Weights

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


@st.composite
def bounded_samples(draw: Any, most: int = 12, lower: float = 0.0, upper: float = 1.0) -> Any:
    """A sample in [lower, upper] of 1 to `most` values: constant, constant but for one, two-valued, or anything.

    >>> from hypothesis import find
    >>> y = find(bounded_samples(), lambda y: y.size > 1 and y.min() < y.max())
    >>> bool(y.min() >= 0 and y.max() <= 1)
    True
    """
    n = draw(st.integers(1, most))
    value = st.one_of(st.sampled_from([lower, upper]), st.floats(lower, upper))
    kind = draw(st.sampled_from(["constant", "two values", "one stranger", "any"]))
    if kind == "any":
        return np.array(draw(st.lists(value, min_size=n, max_size=n)), dtype=float)
    first, second = draw(value), draw(value)
    if kind == "constant":
        return np.full(n, first, dtype=float)
    if kind == "one stranger":
        y = np.full(n, first, dtype=float)
        y[draw(st.integers(0, n - 1))] = second
        return y
    return np.where(draw(npst.arrays(bool, n)), second, first).astype(float)


def permutations(n: int) -> st.SearchStrategy[NDArray[np.int64]]:
    """An order of range(n), as indices.

    >>> from hypothesis import find
    >>> sorted(find(permutations(3), lambda order: order[0] == 2).tolist())
    [0, 1, 2]
    """
    return st.permutations(range(n)).map(lambda order: np.array(order, dtype=np.int64))


def confidences() -> st.SearchStrategy[float]:
    """Confidences from almost none to 0.9999, the usual ones often.

    >>> from hypothesis import find
    >>> 0 < find(confidences(), lambda c: c > 0.9) < 1
    True
    """
    return st.one_of(st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]), st.floats(0.01, 0.9999))


def _power(exponent: float) -> float:
    return float(min(10.0**exponent, math.log(2.0)))


@st.composite
def score_rows(draw: Any, most: int = 6) -> Any:
    """Columns and metadata of a score file (`certificates.files.write_scores`): a coin a prompt and arm with exact likelihoods.

    Up to three prompts of up to two owners, up to `most` rows of each prompt and arm, sometimes none; every design, numbered draws or
    none. Outcomes are any outcomes, likely under the coins or not.

    >>> from hypothesis import find
    >>> columns, said = find(score_rows(), lambda made: made[1].get("design") == "independent")
    >>> sorted(columns)[:3], said["pair"] in ("marginal", "oracle", "shift", "matched")
    (['arm', 'cluster_id', 'draw'], True)
    """
    rate = st.sampled_from([0.0, 1e-9, 0.1, 0.3, 0.5, 0.999, 1.0])
    columns: dict[str, list[Any]] = {
        k: [] for k in ("prompt_id", "cluster_id", "arm", "log_p", "log_q", "tokens", "draw")
    }
    for prompt in range(draw(st.integers(1, 3))):
        coins = draw(rate), draw(rate)
        owner = draw(st.integers(0, 1))
        for arm in (0, 1):
            for _ in range(draw(st.integers(0, most))):
                own = coins[arm]
                heads = draw(st.booleans()) if 0.0 < own < 1.0 else own == 1.0
                likelihood = [c if heads else 1.0 - c for c in coins]
                logs = [math.log(x) if x > 0.0 else -math.inf for x in likelihood]
                row = (f"p{prompt}", f"o{owner}", arm, *logs, 1, len(columns["draw"]))
                for key, value in zip(columns, row, strict=True):
                    columns[key].append(value)
    if draw(st.booleans()):
        order = draw(st.permutations(range(len(columns["arm"]))))
        columns = {k: [v[i] for i in order] for k, v in columns.items()}
    if draw(st.booleans()):
        del columns["draw"]
    said = {"pair": draw(st.sampled_from(["oracle", "shift", "matched", "marginal"]))}
    design, stopping = (
        draw(st.sampled_from([None, "iid", "independent"])),
        draw(st.sampled_from([None, "fixed", "anytime"])),
    )
    return columns, {**said, **({"design": design} if design else {}), **({"stopping": stopping} if stopping else {})}


@st.composite
def option_rows(draw: Any, options: int = 3) -> Any:
    """Columns and metadata of an option file (`certificates.files.write_options`): finite laws of one or two models an arm.

    >>> from hypothesis import find
    >>> columns, said = find(option_rows(), lambda made: "rest" in made[1])
    >>> said["rest"], said["access"]
    ('w0', 'first-token')
    """
    weight = st.one_of(st.sampled_from([0.0, -math.inf, -700.0, 1e300]), st.floats(-40, 40))
    names = ("prompt_id", "cluster_id", "place", "option", "arm", "model", "log_weight")
    columns: dict[str, list[Any]] = {k: [] for k in names}
    models = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    for prompt in range(draw(st.integers(1, 3))):
        for place in range(draw(st.integers(1, 2))):
            for arm in (0, 1):
                for model in range(models[arm]):
                    weights = draw(st.lists(weight, min_size=options, max_size=options))
                    if max(weights) == -math.inf:
                        weights[0] = 0.0
                    for k, w in enumerate(weights):
                        row = (f"p{prompt}", f"o{prompt // 2}", place, f"w{k}", arm, f"m{arm}{model}", w)
                        for key, value in zip(columns, row, strict=True):
                            columns[key].append(value)
    said = {"pair": draw(st.sampled_from(["oracle", "shift"])), "access": "first-token"}
    return columns, {**said, **({"rest": "w0"} if draw(st.booleans()) else {})}


@st.composite
def pooled_means(draw: Any) -> Any:
    """Two mean laws, their numbers and metadata of a pool file (`certificates.files.Pool`).

    >>> from hypothesis import find
    >>> p, q, n, m, said = find(pooled_means(), lambda made: made[4]["finite_population"])
    >>> p.shape == q.shape and n >= 1 and m >= 1
    True
    """
    p, q = draw(pairs())
    said = {"pair": "marginal", "finite_population": draw(st.booleans())}
    if draw(st.booleans()):
        said["arms"] = draw(st.sampled_from(["independent", "same prompts"]))
    return p, q, draw(st.integers(1, 10_000)), draw(st.integers(1, 10_000)), said


@st.composite
def json_edits(draw: Any, data: Any) -> Any:
    """JSON data with one place changed: a number moved by little or much, a word, a type, a key or an element more or less.

    >>> from hypothesis import find
    >>> find(json_edits({"a": [1.0, 2.0]}), lambda made: made == {"a": [2.0]})
    {'a': [2.0]}
    """
    inner = [
        k for k, v in (data.items() if isinstance(data, dict) else enumerate(data)) if isinstance(v, (dict, list)) and v
    ]
    if inner and draw(st.booleans()):
        at = draw(st.sampled_from(inner))
        changed = draw(json_edits(data[at]))
        return {**data, at: changed} if isinstance(data, dict) else [*data[:at], changed, *data[at + 1 :]]
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    at = draw(st.sampled_from(keys))
    if draw(st.integers(0, 4)) == 0:
        return {k: v for k, v in data.items() if k != at} if isinstance(data, dict) else [*data[:at], *data[at + 1 :]]
    old = data[at]
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [0, 1, -1, 0.5, -0.0, 1e308, 5e-324, True, False, None, "", "x", [], {}]
    )
    new = draw(odd)
    if isinstance(old, (int, float)) and not isinstance(old, bool) and draw(st.booleans()):
        new = old * (1 + draw(st.sampled_from([-1, 1])) * 10.0 ** -draw(st.integers(1, 16)))
    return {**data, at: new} if isinstance(data, dict) else [*data[:at], new, *data[at + 1 :]]
