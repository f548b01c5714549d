"""T10: the Hellinger sandwich symbol by symbol, products, and the series of the n-output bound at 0."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """With p = m (1+s), q = m (1-s) the shares are m j(s) and m k(s): j = phi(s), k = 1 - sqrt(1 - s^2)."""
    s = sp.Symbol("s", positive=True)
    n, e = sp.symbols("n e", positive=True)
    p, q, r, t = sp.symbols("p q r t", positive=True)
    j = ((1 + s) * sp.log(1 + s) + (1 - s) * sp.log(1 - s)) / 2
    k = 1 - sp.sqrt(1 - s**2)
    bound = sp.sqrt(1 - (1 - e / sp.log(2)) ** (2 * n))
    return [
        Step("the squared Hellinger share", (sp.sqrt(1 + s) - sp.sqrt(1 - s)) ** 2 / 2, 1 - sp.sqrt((1 + s) * (1 - s))),
        Step(
            "at disjoint masses (s = 1) the two shares are ln 2 and 1: the lower end",
            sp.limit(j, s, 1, "-") / k.subs(s, 1),
            sp.log(2),
        ),
        Step(
            "at equal masses both are s^2/2: the upper end",
            sp.limit(sp.series(j, s, 0, 3).removeO() / sp.series(k, s, 0, 3).removeO(), s, 0),
            1,
        ),
        Step(
            "between: j's coefficients 1/(2k(2k-1)) ...",
            sp.series(j, s, 0, 9).removeO(),
            s**2 / 2 + s**4 / 12 + s**6 / 30 + s**8 / 56,
        ),
        Step(
            "... are below k's from s^4 on, so j <= k",
            sp.series(k, s, 0, 9).removeO(),
            s**2 / 2 + s**4 / 8 + s**6 / 16 + 5 * s**8 / 128,
        ),
        Step("affinities multiply over independent outputs", sp.sqrt(p * q) * sp.sqrt(r * t), sp.sqrt(p * r * q * t)),
        Step("total variation from the affinity: (1 - sqrt(1-s^2)) (1 + sqrt(1-s^2)) = s^2", k * (2 - k), s**2),
        Step(
            "small budgets: the n-output advantage is sqrt(2 n e/ln 2)", sp.limit(bound**2 / e, e, 0), 2 * n / sp.log(2)
        ),
    ]
