"""When a float agrees with an enclosure of the true number.

An upper bound must not lie below its enclosure's lower end and must be within rounding of the upper; equalities must hold to rounding.
"""

from __future__ import annotations

import math

import numpy as np

from mari_theory.units import LN2


def inside(value: float, ends: tuple[float, float], relative: float = 1e-12) -> bool:
    """`value` lies between the ends, up to `relative` of its size.

    >>> inside(0.5, (0.4, 0.5)), inside(0.51, (0.4, 0.5))
    (True, False)
    """
    low, high = ends
    slack = relative * max(abs(value), 1e-300)
    return low - slack <= value <= high + slack


def sharp_from_above(value: float, ends: tuple[float, float], loose: float = 1e-9) -> bool:
    """`value` is a valid upper bound (not below the enclosure's start) and sharp.

    >>> sharp_from_above(0.5, (0.5, 0.5)), sharp_from_above(0.499, (0.5, 0.5)), sharp_from_above(0.501, (0.5, 0.5))
    (True, False, False)
    """
    return ends[0] <= value <= ends[1] * (1 + loose) + 1e-12


def budgets(rng: np.random.Generator, cases: int) -> list[float]:
    """Divergences from 0 to almost ln 2 (nats), both ends among them."""
    return [0.0, 1e-12, 0.5, LN2 * (1 - 1e-9), *(10.0 ** rng.uniform(-9, math.log10(0.69), size=cases))]
