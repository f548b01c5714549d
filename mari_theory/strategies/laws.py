"""Laws, pairs, joints, channels, budgets and weights, zeros and near-equality included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

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


def _power(exponent: float) -> float:
    return float(min(10.0**exponent, math.log(2.0)))
