r"""Fenchel pairs of f-divergences: f, its conjugate, the activation that maps a score onto the conjugate's domain (T21).

.. math:: D_f(P\|Q) = \sup_g E_P[g^*] - E_Q[f^*(g^*)], \quad g^* = f'(dP/dQ) \text{ at the supremum.}
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from jaxtyping import Float

from mari_theory.errors import require
from mari_theory.kernels.arrays import AnyArray, Array, Namespace, as_float_arrays

Function = Callable[[Any], Any]
"""Of arrays of either kind, into the same kind."""


@dataclass(frozen=True)
class FDivergence:
    """One f-divergence with what its variational form (T21) needs; every function works on arrays of either kind.

    >>> import numpy as np
    >>> kl = FENCHEL["kl"]
    >>> float(kl.conjugate(kl.slope(np.array(2.0)))) == 2.0  # u t - f(t) at u = f'(t)
    True
    """

    name: str
    """Key in `FENCHEL`."""
    f: Function
    """Convex on the positive numbers, f(1) = 0."""
    slope: Function
    """Its derivative f'."""
    conjugate: Function
    """Its conjugate f* on `domain`."""
    activation: Function
    """g*, from any real score to an argument of f*; it increases, so a higher score is a vote for P."""
    domain: tuple[float, float]
    """Ends of the interval that f' maps the positive numbers into."""
    at_zero: float
    """f(0), `inf` where it has no finite limit."""
    growth: float
    """Limit of f(t)/t for large t, `inf` where it is not finite."""

    def divergence(self, p: Float[AnyArray, " outcomes"], q: Float[AnyArray, " outcomes"]) -> Float[AnyArray, ""]:
        """D_f(P||Q) = sum q f(p/q) in nats where f has logarithms; `inf` where the supports force it.

        >>> import numpy as np
        >>> float(FENCHEL["total-variation"].divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
        1.0
        """
        xp, (x, y) = as_float_arrays(p, q)
        both = (x > 0) & (y > 0)
        inside = xp.sum(xp.where(both, y * self.f(xp.where(both, x, 1.0) / xp.where(both, y, 1.0)), 0.0))
        for mass, cost in (
            (xp.sum(xp.where(x > 0, 0.0, y)), self.at_zero),
            (xp.sum(xp.where(y > 0, 0.0, x)), self.growth),
        ):
            inside = inside + (mass * cost if float(mass) > 0 else 0.0)
        return cast(AnyArray, inside)

    def lower_bound(
        self, p: Float[AnyArray, " outcomes"], q: Float[AnyArray, " outcomes"], scores: Float[AnyArray, " outcomes"]
    ) -> Float[AnyArray, ""]:
        """E_P[g*(v)] - E_Q[f*(g*(v))] for any real scores v: at most D_f(P||Q) (T21).

        >>> import numpy as np
        >>> p, q = np.array([0.7, 0.3]), np.array([0.4, 0.6])
        >>> js = FENCHEL["jensen-shannon"]
        >>> bool(js.lower_bound(p, q, np.log(p / q)) >= js.divergence(p, q) - 1e-12)
        True
        """
        xp, (x, y, values) = as_float_arrays(p, q, scores)
        critic = self.activation(values)
        return cast(AnyArray, xp.sum(x * critic) - xp.sum(y * self.conjugate(critic)))


def _xp(x: Array) -> Namespace:
    return as_float_arrays(x)[0]


def _log_sigmoid(x: Array) -> Array:
    """ln(1/(1 + e^-x)) without overflow."""
    xp = _xp(x)
    return -xp.log1p(xp.exp(-xp.abs(x))) + xp.where(x < 0, x, xp.zeros_like(x))


def _jeffreys_conjugate(u: Array) -> Array:
    """1/s + s + u - 2 with s + ln s = 1 - u (s = 1/t at the supremum), by Newton's method on ln s."""
    xp = _xp(u)
    gap = 1.0 - u
    # ln s is near gap where gap is very negative and near ln gap where it is large.
    log_s = xp.where(gap > 1.0, xp.log(xp.where(gap > 1.0, gap, 1.0)), gap - 1.0)
    for _ in range(8):
        s = xp.exp(log_s)
        log_s = log_s - (s + log_s - gap) / (1.0 + s)
    return xp.exp(-log_s) + xp.exp(log_s) + u - 2.0


_ROWS = (
    FDivergence(
        "kl", lambda t: t * _xp(t).log(t), lambda t: _xp(t).log(t) + 1.0, lambda u: _xp(u).exp(u - 1.0), lambda v: v,
        (-math.inf, math.inf), 0.0, math.inf,
    ),
    FDivergence(
        "reverse-kl", lambda t: -_xp(t).log(t), lambda t: -1.0 / t, lambda u: -1.0 - _xp(u).log(-u), lambda v: -_xp(v).exp(-v),
        (-math.inf, 0.0), math.inf, 0.0,
    ),
    FDivergence(
        "pearson", lambda t: (t - 1.0) ** 2, lambda t: 2.0 * (t - 1.0), lambda u: 0.25 * u**2 + u, lambda v: v,
        (-2.0, math.inf), 1.0, math.inf,
    ),
    FDivergence(
        "neyman", lambda t: (1.0 - t) ** 2 / t, lambda t: 1.0 - 1.0 / t**2, lambda u: 2.0 - 2.0 * _xp(u).sqrt(1.0 - u),
        lambda v: 1.0 - _xp(v).exp(-v), (-math.inf, 1.0), math.inf, 1.0,
    ),
    FDivergence(
        "squared-hellinger", lambda t: (_xp(t).sqrt(t) - 1.0) ** 2, lambda t: 1.0 - 1.0 / _xp(t).sqrt(t), lambda u: u / (1.0 - u),
        lambda v: 1.0 - _xp(v).exp(-v), (-math.inf, 1.0), 1.0, 1.0,
    ),
    FDivergence(
        "jensen-shannon",
        lambda t: t * _xp(t).log(2.0 * t / (1.0 + t)) + _xp(t).log(2.0 / (1.0 + t)),
        lambda t: _xp(t).log(2.0 * t / (1.0 + t)),
        lambda u: -_xp(u).log(2.0 - _xp(u).exp(u)),
        lambda v: math.log(2.0) + _log_sigmoid(v),
        (-math.inf, math.log(2.0)), math.log(2.0), math.log(2.0),
    ),
    FDivergence(
        "total-variation", lambda t: 0.5 * _xp(t).abs(t - 1.0), lambda t: 0.5 * _xp(t).sign(t - 1.0), lambda u: u,
        lambda v: 0.5 * _xp(v).tanh(v), (-0.5, 0.5), 0.5, 0.5,
    ),
    FDivergence(
        "jeffreys", lambda t: (t - 1.0) * _xp(t).log(t), lambda t: _xp(t).log(t) + 1.0 - 1.0 / t, _jeffreys_conjugate, lambda v: v,
        (-math.inf, math.inf), math.inf, math.inf,
    ),
)  # fmt: skip

FENCHEL: dict[str, FDivergence] = {d.name: d for d in _ROWS}
"""The eight divergences of FLAT by name. Jensen-Shannon is the unnormalised form (twice `jensen_shannon` at w = 1/2)."""


def fenchel(name: str) -> FDivergence:
    """The divergence of that name. Raises `ArgumentError` with the names there are.

    >>> fenchel("pearson").name
    'pearson'
    """
    require(name in FENCHEL, "divergence", ", ".join(FENCHEL), name)
    return FENCHEL[name]
