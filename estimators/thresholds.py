"""How well a threshold on one number tells two arms apart, whatever the threshold: a statement about a class of detectors, without bins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from estimators.intervals import DKW
from estimators.results import Certified, Interval
from mari_theory.errors import require, require_fraction


def threshold_distance(scores_p: ArrayLike, scores_q: ArrayLike, confidence: float = 0.95) -> Certified:
    r"""Largest difference of the two distribution functions: what the best threshold reaches (T16, T28).

    .. math:: D = \sup_t |F_P(t) - F_Q(t)|, \qquad |\hat D - D| \le \sqrt{\ln(4/\delta)/(2n)} + \sqrt{\ln(4/\delta)/(2m)}

    with probability at least 1 - delta (Dvoretzky, Kiefer and Wolfowitz with Massart's constant, once an arm). No detector that says "P" on
    one side of a threshold is right more than (1 + D)/2 of the time; detectors that look at the number in another way, or at anything
    else, are not bounded. One number a unit: pass one an owner where owners are the units.

    Shapes (n,) and (m,), finite. Raises `ArgumentError` on anything else.

    >>> print(threshold_distance(np.arange(400), np.arange(400) + 200).interval)
    [0.351979, 0.648021] at confidence 0.95 (dkw)
    """
    delta = 1.0 - require_fraction("confidence", confidence)
    arms = []
    for name, scores in (("scores_p", scores_p), ("scores_q", scores_q)):
        arm = np.asarray(scores, dtype=np.float64)
        require(arm.ndim == 1 and arm.size > 0, name, "one number a unit, shape (n,)", arm.shape)
        require(bool(np.isfinite(arm).all()), name, "finite numbers", "nan or inf")
        arms.append(arm)
    places = np.concatenate(arms)
    below = [np.searchsorted(np.sort(arm), places, side="right") / arm.size for arm in arms]
    value = float(np.abs(below[0] - below[1]).max())
    room = sum(DKW().radius(arm.size, 1.0 - delta / 2.0) for arm in arms)
    lower, upper = math.nextafter(value - room, -math.inf), math.nextafter(value + room, math.inf)
    interval = Interval(
        min(max(lower, 0.0), 1.0),
        max(min(upper, 1.0), 0.0),
        confidence,
        method="dkw",
        theorem="T16",
        assumptions=("units are independent draws within each arm", "the detector is a threshold on this number"),
    )
    n = sum(arm.size for arm in arms)
    return Certified("total variation of threshold detectors", value, interval, n, unit="of 1", method="dkw")
