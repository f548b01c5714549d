"""From a mean over prompts (or owners) to how many of them can stand out: a count, for every threshold (T32).

If the mean over m prompts of their divergences JSD_i is J, then k of them at JSD_i >= t need k t <= m J. Both counts below are attained:
k prompts at t and the rest at 0 have the mean k t / m. At t = ln 2 the outputs of both arms are disjoint: told apart with certainty.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from mari_theory.errors import require

LN2_BELOW = float.fromhex("0x1.62e42fefa39efp-1")
"""The largest float64 below ln 2 (the nearest one, 2.3e-17 short of it)."""


def prompts_with_room(jsd_upper: float, prompts: int | np.integer, threshold: float) -> int:
    r"""Largest number of prompts whose own divergence can reach `threshold` (T32): :math:`\min(m, \lfloor m J / t \rfloor)`.

    Parameters: `jsd_upper` J >= 0 in nats, a bound on the *mean* divergence of `prompts` m >= 1 prompts (or owners), rounded up already;
    `threshold` t in (0, ln 2] nats. Exact rational arithmetic on the floats, with t lowered by one unit in the last place, so the count
    also serves the decimal number that t stands for, and ln 2 itself. Never too small; attained.
    Raises `ArgumentError`. Source: Markov's inequality for a finite average; T32.

    >>> prompts_with_room(0.01, 400, 0.1), prompts_with_room(0.5, 400, 0.1)
    (40, 400)
    """
    require(math.isfinite(jsd_upper) and jsd_upper >= 0.0, "jsd_upper", "a number of at least 0 nats", jsd_upper)
    whole = isinstance(prompts, (int, np.integer)) and not isinstance(prompts, bool)
    require(whole and prompts >= 1, "prompts", "a whole number of at least 1", prompts)
    require(0.0 < threshold <= LN2_BELOW, "threshold", "a number in (0, ln 2] nats", threshold)
    below = math.nextafter(threshold, 0.0)
    # Nothing lies between 0 and the smallest positive float: there the threshold is taken as it stands.
    return min(int(prompts), math.floor(Fraction(jsd_upper) * int(prompts) / Fraction(below or threshold)))


def prompts_told_apart(jsd_upper: float, prompts: int | np.integer) -> int:
    r"""Largest number of prompts whose outputs can tell the arms apart with certainty (T32): :math:`\min(m, \lfloor m J/\ln 2 \rfloor)`.

    Parameters and errors as in `prompts_with_room`; ln 2 is taken from below. Knowing an answer by heart need not cost ln 2: against an
    oracle that is uniform on two values it costs 0.2158 nats.

    >>> prompts_told_apart(0.02, 400), prompts_told_apart(0.001, 400)
    (11, 0)
    """
    return prompts_with_room(jsd_upper, prompts, LN2_BELOW)
