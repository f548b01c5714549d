"""Rigorous quadrature: the Jensen-Shannon divergence of two densities between two numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from flint import acb, arb

from mari_theory.enclosures.balls import Ball, outward, precision

Density = Callable[[Ball], Ball]


def density_jsd_enclosure(p: Density, q: Density, cuts: Sequence[float], tail: float) -> tuple[float, float]:
    """JSD (nats) of two densities, analytic between neighbouring `cuts`, enclosed by ball arithmetic.

    `p` and `q` take a complex ball and return a ball. Outside the cuts the integrand is non-negative and at most ln 2
    times the mixture's density; `tail` bounds the sum of both arms' masses there and is added to the upper end.
    Rounded outwards.

    >>> box = lambda height: lambda z: acb(height)
    >>> low, high = density_jsd_enclosure(box(1.0), box(1.0), [0.0, 1.0], 0.0)
    >>> low <= 0.0 <= high < 1e-15
    True
    """
    with precision():

        def integrand(z: Ball, analytic: bool) -> Ball:
            a, b = p(z), q(z)
            middle = (a + b) / 2
            up, down = (a / middle).log(analytic=analytic), (b / middle).log(analytic=analytic)
            return (a * up + b * down) / 2

        total = arb(0)
        for left, right in pairwise(cuts):
            total += acb.integral(integrand, arb(left), arb(right), abs_tol=arb(2) ** -60, rel_tol=arb(2) ** -60).real
        low, high = outward(total)
    return max(low, 0.0), math.nextafter(high + 0.5 * math.log(2.0) * tail * (1 + 1e-9), math.inf)
