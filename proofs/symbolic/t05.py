"""T5: phi, the lower end of the divergence at a total variation t: attained by the symmetric channel; its series and convexity."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """phi(t) = ((1+t) ln(1+t) + (1-t) ln(1-t))/2."""
    t = sp.Symbol("t", positive=True)
    phi = ((1 + t) * sp.log(1 + t) + (1 - t) * sp.log(1 - t)) / 2
    flip = (1 - t) / 2
    rows = ((1 - flip, flip), (flip, 1 - flip))
    half = sp.Rational(1, 2)
    channel = sum(half * x * sp.log(x / half) for row in rows for x in row)
    series = sum(t ** (2 * k) / (2 * k * (2 * k - 1)) for k in range(1, 6))
    erasure = t * sp.log(2)
    return [
        Step(
            "the rows of a symmetric channel are t apart",
            sum(abs_value(a - b) for a, b in zip(*rows, strict=True)) / 2,
            t,
        ),
        Step("and their divergence is phi(t)", channel, phi),
        Step("phi' is half the log-ratio", sp.diff(phi, t), (sp.log(1 + t) - sp.log(1 - t)) / 2),
        Step("phi'' = 1/(1 - t^2) >= 1, so phi(t) >= t^2/2", sp.diff(phi, t, 2), 1 / (1 - t**2)),
        Step("phi(t) = sum t^2k / (2k (2k-1)) to order 10", sp.series(phi, t, 0, 11).removeO(), series),
        Step("phi(1) = ln 2, the largest divergence", sp.limit(phi, t, 1, "-"), sp.log(2)),
        Step("an erasure channel has divergence t ln 2", half * t * sp.log(2) * 2, erasure),
    ]


def abs_value(x: sp.Expr) -> sp.Expr:
    """|x| for x an affine multiple of the positive symbol t."""
    x = sp.expand(x)
    return x if sp.simplify(x).is_positive else -x
