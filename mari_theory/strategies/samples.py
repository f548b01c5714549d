"""Samples of bounded numbers, orders of rows and levels of confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray


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
