r"""What evidence can say against claimed likelihoods, and what needs no trust in them (T31), equal priors.

Rows have an arm Z (a fair coin, or as many rows of each arm) and claimed log-likelihoods of the row under P (arm 0) and Q (arm 1);
:math:`\eta = q/(p+q)` is the claimed posterior (`mari_theory.posterior`). With the exact likelihoods :math:`E[(Z - \eta) f(\eta)] = 0` for
every bounded f: a mean away from 0 contradicts the claim. A mean at 0 proves nothing: a model scored as both arms passes.
Whatever is claimed, :math:`\ln 2 + E \ln \eta(Z \mid X) \le JSD(P, Q)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer
from numpy.typing import NDArray
from scipy.special import expit, logit

from mari_theory.errors import require
from mari_theory.units import LN2, Floats

LOGIT_CLIP = 4.0
"""Posterior log-odds are cut here, then divided by it: beyond, one row in 55 at most speaks for the other arm."""


@dataclass(frozen=True)
class CalibrationFunction:
    """A bounded function of the posterior: terms (Z - eta) f(eta) lie in [-bound, bound].

    >>> CALIBRATION_FUNCTIONS["centred"].of(np.array([0.25, 1.0])).tolist()
    [-0.25, 0.5]
    >>> CALIBRATION_FUNCTIONS["clipped-logit"].at_log_odds(np.array([-1.0, 40.0])).tolist()
    [-0.25, 1.0]
    """

    name: str
    """Its key in `CALIBRATION_FUNCTIONS`."""
    formula: str
    """As it is printed."""
    bound: float
    """sup |f|."""
    of: Callable[[Floats], Floats]
    """f(eta), an array in and an array of the same shape out."""
    of_log_odds: Callable[[Floats], Floats] | None = None
    """f from ln(eta/(1 - eta)), which keeps the digits that eta loses near 0 and 1; None: through `of`."""
    pair_bound: float | None = None
    """sup |(1 - eta) f(eta) - eta' f(eta')|, over a row of Q and one of P; None: twice `bound`."""

    def at_log_odds(self, log_odds: Floats) -> Floats:
        """f at posteriors given by their log-odds."""
        return self.of(expit(log_odds)) if self.of_log_odds is None else np.asarray(self.of_log_odds(log_odds))

    def in_pairs(self, log_odds: Floats) -> Floats:
        """f scaled so that the difference of a row of Q and a row of P lies in [-1, 1]."""
        return self.at_log_odds(log_odds) / (2.0 * self.bound if self.pair_bound is None else self.pair_bound)


def _clipped(log_odds: Floats) -> Floats:
    return np.clip(log_odds, -LOGIT_CLIP, LOGIT_CLIP) / LOGIT_CLIP


CALIBRATION_FUNCTIONS: dict[str, CalibrationFunction] = {
    f.name: f
    for f in (
        CalibrationFunction("one", "1", 1.0, np.ones_like, np.ones_like, 1.0),
        CalibrationFunction("sign", "sign(2 eta - 1)", 1.0, lambda eta: np.sign(eta - 0.5), np.sign),
        CalibrationFunction(
            "centred", "eta - 1/2", 0.5, lambda eta: eta - 0.5, lambda gap: np.asarray(0.5 * np.tanh(0.5 * gap))
        ),
        CalibrationFunction("clipped-logit", "clipped logit", 1.0, lambda eta: _clipped(logit(eta)), _clipped),
    )
}
"""Name -> f. `one`: arms are called equally often (E eta = 1/2). `sign`: the best detector is as good as it says.
`centred` and `clipped-logit` (logit(eta) cut at +-4, over 4): posteriors too bold or too timid."""


def calibration_terms(
    log_p: Float[np.ndarray, " rows"],
    log_q: Float[np.ndarray, " rows"],
    arm: Integer[np.ndarray, " rows"],
    f: CalibrationFunction,
) -> Float[np.ndarray, " rows"]:
    r"""Terms :math:`(Z - \eta) f(\eta)`, a row each, of mean 0 when the likelihoods are exact and the arm is a fair coin (T31).

    Parameters: log-likelihoods in nats (`-inf` allowed, not under both arms), `arm` of 0 (P) and 1 (Q), `f` a row of
    `CALIBRATION_FUNCTIONS` or your own. Returns numbers in [-f.bound, f.bound]. With fixed numbers of rows of each arm the mean of the
    two arms' means has expectation 0. Raises `ArgumentError`. Source: the definition of the posterior; T31.

    >>> lp, lq = np.log([0.8, 0.2]), np.log([0.4, 0.6])
    >>> [calibration_terms(lp, lq, np.full(2, z), CALIBRATION_FUNCTIONS["one"]).round(3).tolist() for z in (0, 1)]
    [[-0.333, -0.75], [0.667, 0.25]]
    """
    gap, z = _odds(log_p, log_q, arm)
    weight = np.asarray(f.of(expit(gap)), dtype=np.float64)
    ok = weight.shape == gap.shape and bool(np.all(np.abs(weight) <= f.bound))
    require(ok, "f", f"one number in [-{f.bound:g}, {f.bound:g}] a row", weight)
    # 1 - eta is the posterior of the other arm: both keep their digits.
    return np.where(z == 1, expit(-gap), -expit(gap)) * weight


def gibbs_terms(
    log_p: Float[np.ndarray, " rows"],
    log_q: Float[np.ndarray, " rows"],
    arm: Integer[np.ndarray, " rows"],
    smoothing: float = 0.0,
) -> Float[np.ndarray, " rows"]:
    r"""Terms :math:`\ln 2 + \ln \eta'(Z \mid X)`, a row each, in nats: their mean is at most JSD(P, Q) for **any** claim (T31).

    :math:`\eta'(1 \mid x) = (1 - s)\, q/(p+q) + s/2`, where p and q are claimed, exact or not, and s is `smoothing` in [0, 1):
    at s = 0 the terms lie in [-inf, ln 2], `-inf` where the claim excludes what happened; at s > 0 in [ln s, ln(2 - s)], so that an interval for
    bounded means certifies a lower end. Equality in the mean at s = 0 and the exact likelihoods.

    Parameters: log-likelihoods in nats (`-inf` allowed, not under both arms), `arm` of 0 (P) and 1 (Q), a fair coin.
    Raises `ArgumentError`. Source: Gibbs' inequality; T31.

    >>> gibbs_terms(np.array([0.0, -1.0, 0.0]), np.array([-np.inf, -1.0, -np.inf]), np.array([0, 1, 1])).round(4).tolist()
    [0.6931, 0.0, -inf]
    >>> gibbs_terms(np.array([0.0]), np.array([-np.inf]), np.array([1]), smoothing=0.01).round(4).tolist()
    [-4.6052]
    """
    require(0.0 <= smoothing < 1.0, "smoothing", "a number in [0, 1)", smoothing)
    gap, z = _odds(log_p, log_q, arm)
    own = np.where(z == 1, gap, -gap)
    if smoothing > 0.0:
        # 1 + (1-s) tanh(own/2) = s + 2 (1-s) expit(own): no cancellation where the claim is nearly certain and wrong.
        terms = np.log(smoothing + 2.0 * (1.0 - smoothing) * expit(own))
        return np.clip(terms, math.log(smoothing), math.log(2.0 - smoothing))
    near = own > -1.0
    # Around even odds ln 2 cancels; far below them e^-own would overflow.
    close = -np.log1p(0.5 * np.expm1(-np.where(near, own, 0.0)))
    far = LN2 - np.logaddexp(0.0, -np.where(near, 0.0, own))
    return np.where(near, close, far)


def _odds(log_p: Floats, log_q: Floats, arm: NDArray[np.integer]) -> tuple[Floats, NDArray[np.integer]]:
    """ln q/p of each row, and its arm."""
    p, q, z = np.asarray(log_p, dtype=np.float64), np.asarray(log_q, dtype=np.float64), np.asarray(arm)
    same = p.ndim == 1 and p.shape == q.shape == z.shape
    require(same, "log_p, log_q, arm", "one-dimensional arrays of one length", (p.shape, q.shape, z.shape))
    require(bool(np.all((z == 0) | (z == 1))), "arm", "only 0 (P) and 1 (Q)", np.unique(z)[:4].tolist())
    for name, x in (("log_p", p), ("log_q", q)):
        require(not bool(np.any(np.isnan(x) | np.isposinf(x))), name, "log-likelihoods below infinity", x)
    require(
        bool(np.all(np.maximum(p, q) > -np.inf)), "log_p, log_q", "rows possible under one arm at least", "-inf in both"
    )
    return q - p, z
