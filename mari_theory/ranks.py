"""From reference models to an exact p-value: the rank of one model among exchangeable ones (T34).

If the model in question is one more draw from the law that the K reference models were drawn from, each of the K + 1 is equally likely to
be the one in question, whatever the law, the statistic and the dependence. A p-value is then a count. Its least value is 1/(K + 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mari_theory.errors import require, require_fraction


def rank_p_value(own: float, others: Sequence[float] | NDArray[Any]) -> float:
    r"""Exact p-value of "this model is one more draw like the others", from one statistic of each (T34).

    .. math:: p = \frac{1 + \#\{i : T_i \ge T\}}{K + 1}

    Parameters: `own` the model's statistic T, larger = more extreme; `others` shape (K,), K >= 1, the same statistic of each reference model.
    A statistic may use the other models (T_i = T(model i; the rest)) as long as it treats them alike. Ties count against the model.
    Infinite values are allowed. Returns the float next to a number in [1/(K + 1), 1]: at every level a, P(p <= a) <= a, and P(p <= a) = a for
    a = j/(K + 1) where ties have probability 0. Raises `ArgumentError` on NaN, on no reference, on more than one axis.
    Source: exchangeability; T34.

    >>> rank_p_value(0.9, [0.1, 0.4, 0.7, 0.9]), rank_p_value(1.0, [0.1, 0.4, 0.7, 0.9])
    (0.4, 0.2)
    """
    rest = np.asarray(others, dtype=np.float64)
    require(rest.ndim == 1 and rest.size >= 1, "others", "a row of at least one number", f"shape {rest.shape}")
    require(not math.isnan(own), "own", "a number", own)
    require(not bool(np.isnan(rest).any()), "others", "numbers", f"NaN at {int(np.isnan(rest).argmax())}")
    return (1 + int((rest >= own).sum())) / (rest.size + 1)


def min_references(level: float) -> int:
    r"""Least number of reference models at which `rank_p_value` can be at most `level`: :math:`\lceil 1/a \rceil - 1` (T34).

    Parameters: `level` a in (0, 1). Compared as the floats that `rank_p_value` returns, so that a level written as a decimal means that decimal.
    With fewer references no test of that level rejects on ranks, whatever the model knows. Raises `ArgumentError`. Source: T34.

    >>> [min_references(level) for level in (0.05, 0.01, 0.001)]
    [19, 99, 999]
    """
    models = math.floor(1 / Fraction(require_fraction("level", level)))
    # The float next to 1/n may be `level` itself where 1/n lies above it by less than a rounding.
    return models - 1 if 1 / models <= level else models


def max_power(level: float, references: int, items: int) -> float:
    r"""Largest power of any test of "exchangeable within every item" against a model that stands out on m items (T34), rounded up.

    .. math:: \min(1, a (K + 1)^m)

    Hypothesis: within every item separately the K + 1 models may trade places. Alternative: so may the references everywhere, and all on the
    other items. Averaging it over the places that the model could have on the m items gives a law of the hypothesis that holds at least
    (K + 1)^-m of the alternative's mass everywhere, so the power is at most (K + 1)^m times the level. Attained by the test that rejects, with
    probability a (K + 1)^m, where the model comes first on all m items.

    Parameters: `level` a in (0, 1); `references` K >= 0 models; `items` m >= 0 on which the model differs. Raises `ArgumentError`. Source: derived here; T34.

    >>> [round(max_power(0.05, references, items), 12) for references, items in ((4, 1), (4, 2), (1, 3))]
    [0.25, 1.0, 0.4]
    """
    for name, count in (("references", references), ("items", items)):
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        require(whole and count >= 0, name, "a whole number of at least 0", count)
    exact = Fraction(require_fraction("level", level))
    for _ in range(int(items) if references else 0):
        exact *= int(references) + 1
        if exact >= 1:
            return 1.0
    near = float(exact)
    return near if Fraction(near) >= exact else math.nextafter(near, 2.0)
