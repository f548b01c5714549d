"""Densities: quadrature against digits and enclosures."""

from __future__ import annotations

import mpmath
import pytest

from mari_theory.families import (
    DENSITY_PAIRS,
    GaussianPair,
    LaplacePair,
)


def test_gaussian_quadrature_to_twelve_digits() -> None:
    pair = GaussianPair(0.0, 1.0, 0.7, 1.3)

    def density(x: mpmath.mpf, m: float, s: float) -> mpmath.mpf:
        return mpmath.exp(-(((x - m) / s) ** 2) / 2) / (s * mpmath.sqrt(2 * mpmath.pi))

    def term(x: mpmath.mpf) -> mpmath.mpf:
        p, q = density(x, 0.0, 1.0), density(x, 0.7, 1.3)
        m = (p + q) / 2
        return (p * mpmath.log(p / m) + q * mpmath.log(q / m)) / 2

    with mpmath.workdps(30):
        truth = mpmath.quad(term, list(range(-16, 18, 2)))
    assert pair.jsd() == pytest.approx(float(truth), abs=1e-12)


@pytest.mark.parametrize("name", ["normal mixture", "Laplace"])
def test_enclosures_hold_the_value_of_another_quadrature(name: str) -> None:
    pair = DENSITY_PAIRS[name]
    assert not isinstance(pair, GaussianPair)
    low, high = pair.jsd_enclosure()

    def integrand(x: mpmath.mpf) -> mpmath.mpf:
        if isinstance(pair, LaplacePair):
            p, q = (mpmath.exp(-abs(x - m) / s) / (2 * s) for m, s in (pair.p, pair.q))
        else:
            p, q = (mpmath.fsum(w * mpmath.npdf(x, m, s) for w, m, s in arm) for arm in (pair.p, pair.q))
        m = (p + q) / 2
        return (p * mpmath.log(p / m) + q * mpmath.log(q / m)) / 2

    cuts = [-40, -10, -5, -2, -1, 0, 0.4, 1, 1.2, 3, 6, 12, 40] if name == "Laplace" else [-9, -5, -2, 0, 2, 5, 9]
    assert low - 1e-12 <= float(mpmath.quad(integrand, cuts)) <= high + 1e-12
