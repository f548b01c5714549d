"""From an information budget to what a detector can do, and back (T5-T10), equal priors (w = 1/2).

The budget is `jsd`: the Jensen-Shannon divergence between the arms is at most this many nats, in [0, ln 2].
Every function is vectorised over its arguments, takes floats, NumPy arrays or torch tensors (gradients flow
through the budget), and rounds towards the safe side: upper bounds up, numbers of outputs down.
Each bound is the best possible for the budget unless its docstring says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import is_torch_array
from scipy.optimize import brentq
from scipy.special import spence

from mari_theory.errors import require
from mari_theory.kernels.arrays import bregman_one_plus
from mari_theory.units import LN2, FloatValues, Numbers

_GUARD = 16 * np.finfo(float).eps
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES, _WEIGHTS = (_NODES + 1.0) / 2.0, _WEIGHTS / 2.0


def phi(t: Numbers) -> Numbers:
    """phi(t) = ((1+t) ln(1+t) + (1-t) ln(1-t))/2: the least JSD at total variation t (T5).

    Range: t in [0, 1] gives [0, ln 2]; phi(t) >= t^2/2, with equality only at 0.

    >>> float(phi(1.0)) == LN2
    True
    """
    t = np.asarray(t, dtype=float)
    require(bool(np.all((t >= 0) & (t <= 1))), "t", "numbers in [0, 1]", t)
    return 0.5 * (bregman_one_plus(np, t) + bregman_one_plus(np, -t))


def binary_jsd(fpr: Numbers, tpr: Numbers) -> Numbers:
    """JSD between Bernoulli(fpr) and Bernoulli(tpr): the least JSD at which a test has these rates (T6).

    >>> float(binary_jsd(0.0, 1.0)) == LN2
    True
    """
    a, b = np.broadcast_arrays(_unit("fpr", fpr), _unit("tpr", tpr))
    # Both outcomes and both signs in one call: four small arrays cost as much as one.
    mixtures = 0.5 * np.stack([a + b, (1.0 - a) + (1.0 - b)])
    halves = 0.5 * np.stack([b - a, a - b])
    lean = np.clip(np.divide(halves, mixtures, out=np.zeros(halves.shape), where=mixtures > 0), -1.0, 1.0)
    up, down = bregman_one_plus(np, np.stack([lean, -lean]))
    terms = mixtures * 0.5 * (up + down)
    return terms[0] + terms[1]


def max_total_variation(jsd: Numbers) -> Numbers:
    """Largest total variation at this budget: t with phi(t) = jsd (T5, sharp), rounded up.

    >>> float(max_total_variation(LN2)), float(max_total_variation(0.0))
    (1.0, 0.0)
    """
    budget = _budget(jsd)
    low, high = np.sqrt(budget / LN2) * (1 - _GUARD), np.minimum(np.sqrt(2 * budget) * (1 + _GUARD), 1.0)
    t = _last_true(lambda x: phi(x) <= budget, low, high)
    t = np.where(budget >= LN2, 1.0, np.where(budget <= 0, 0.0, np.minimum(t * (1 + _GUARD), 1.0)))
    with np.errstate(divide="ignore"):
        return _lift(jsd, t, 1.0 / np.arctanh(np.clip(t, 1e-300, 1.0)))


def max_accuracy(jsd: Numbers) -> Numbers:
    r"""Largest accuracy of any detector: 1 - h^{-1}(ln 2 - jsd) = (1 + TV_max)/2 (T5), rounded up.

    Parameters: `jsd` in [0, ln 2] nats. Returns numbers in [1/2, 1]; attained by a binary symmetric channel.
    Raises `ArgumentError` on NaN or a budget outside the range. Source: Fano's inequality, sharp form; T5.

    >>> float(max_accuracy(0.0)), float(max_accuracy(LN2))
    (0.5, 1.0)
    >>> round(float(max_accuracy(0.01)), 4)
    0.5706
    """
    t = max_total_variation(_plain(jsd))
    accuracy = np.minimum(np.where(t > 0, np.nextafter(0.5 + 0.5 * t, 2.0), 0.5), 1.0)
    with np.errstate(divide="ignore"):
        return _lift(jsd, accuracy, 0.5 / np.arctanh(np.clip(t, 1e-300, 1.0)))


def max_accuracy_closed_form(jsd: Numbers) -> Numbers:
    """The weaker closed form 1/2 + sqrt(jsd/2), at most 1 (T5), rounded up.

    >>> bool(max_accuracy_closed_form(0.01) >= max_accuracy(0.01))
    True
    """
    return np.minimum(np.nextafter(0.5 + np.sqrt(_budget(jsd) / 2) * (1 + _GUARD), 2.0), 1.0)


def max_tpr(fpr: Numbers, jsd: Numbers) -> Numbers:
    """Largest true positive rate at a false positive rate: largest b with JSD(Bern(fpr), Bern(b)) <= jsd (T6).

    Parameters: `fpr` in [0, 1], `jsd` in [0, ln 2], broadcast. Returns [fpr, 1], rounded up. Sharp at every fpr.

    >>> float(max_tpr(0.01, 0.0)), float(max_tpr(0.0, LN2))
    (0.01, 1.0)
    >>> round(float(max_tpr(0.001, 0.01)), 4)
    0.034
    """
    a, budget = np.broadcast_arrays(_unit("fpr", _plain(fpr)), _budget(jsd))
    b = _last_true(lambda x: binary_jsd(a, x) <= budget, a, np.ones(a.shape))
    b = np.where(budget <= 0, a, np.minimum(b + _GUARD * b, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return _lift(jsd, b, 1.0 / _slope_in_tpr(a, b))


def trade_off(fpr: Numbers, jsd: Numbers) -> Numbers:
    """Least type II error at this type I error, f(fpr) = 1 - b_max (f-DP's trade-off function, T8).

    >>> float(trade_off(0.25, 0.0))
    0.75
    """
    return 1.0 - max_tpr(fpr, jsd)


def max_auc(jsd: Numbers) -> Numbers:
    r"""Largest area under the ROC curve at this budget, sharp (T7, derived here), rounded up.

    With D(k) = Li2(s) - Li2(1-s), s = 1/(1+e^{-k}): the budget spent by the optimal curve is
    :math:`J(k) = \ln 2 - D(k)/k` and its area is :math:`(\ln(1+e^k) - \ln 2 + J(k))/k`.
    Small budgets: AUC - 1/2 ~ sqrt(2 jsd/3).

    Parameters: `jsd` in [0, ln 2]. Returns numbers in [1/2, 1]. Raises `ArgumentError`.

    >>> float(max_auc(0.0)), float(max_auc(LN2))
    (0.5, 1.0)
    >>> round(float(max_auc(0.01)), 4)
    0.5814
    """
    budget = _budget(jsd)
    k = np.exp(_log_multiplier(budget) + 1e-13)
    auc = np.minimum(0.5 + _frontier(k)[1] * (1 + _GUARD) + 2e-16, 1.0)
    auc = np.where(budget >= LN2 * (1 - 1e-15), 1.0, np.where(budget <= 0, 0.5, auc))
    return _lift(jsd, auc, 2.0 / k)


def delta(epsilon: Numbers, jsd: Numbers) -> Numbers:
    """Smallest delta such that the budget implies (epsilon, delta)-indistinguishability, both orders (T8), rounded up.

    delta(e) = max of b - e^e a over tests (a, b) with JSD(Bern(a), Bern(b)) <= jsd; the set of tests is symmetric
    under exchanging the arms, so one maximum serves both orders. Sharp.

    Parameters: `epsilon` >= 0, `jsd` in [0, ln 2], broadcast. Returns [0, 1]. Raises `ArgumentError`.

    >>> float(delta(0.0, 0.02)) >= float(max_total_variation(0.02))
    True
    >>> float(delta(1.0, 0.0))
    0.0
    """
    e, budget = np.broadcast_arrays(np.asarray(_plain(epsilon), dtype=float), _budget(jsd))
    require(bool(np.all(e >= 0) and np.all(np.isfinite(e))), "epsilon", "finite numbers at least 0", e)
    top = 1.0 - np.minimum(max_tpr(np.zeros(budget.shape), budget), 1.0)
    high = np.where(top > 0, np.log(np.where(top > 0, top, 1.0)), -690.0)
    low = np.full(budget.shape, -690.0)

    def rising(log_a: FloatValues) -> Numbers:
        a = np.exp(log_a)
        # Where to stop may be off by rounding: the value there is computed from the bound itself.
        b = _near_max_tpr(a, budget)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = -_slope_in_fpr(a, b) / _slope_in_tpr(a, b)
        return np.asarray((slope > np.exp(e)) & (b < 1.0))

    log_a = _last_true(rising, low, high, steps=60)
    a = np.exp(log_a)
    b = max_tpr(a, budget)
    # A concave function lies below its tangent: the remaining bracket adds at most slope times its width.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.nan_to_num(-_slope_in_fpr(a, b) / _slope_in_tpr(a, b), posinf=0.0)
    slack = np.maximum(slope - np.exp(e), 0.0) * a * 1e-13
    value = np.clip((b - np.exp(e) * a) + slack + _GUARD * b, 0.0, 1.0)
    value = np.where(budget <= 0, 0.0, np.where(top <= 0, 1.0, value))
    with np.errstate(divide="ignore", invalid="ignore"):
        return _lift(jsd, value, 1.0 / _slope_in_tpr(a, b))


def min_outputs(accuracy: Numbers, jsd: Numbers) -> Numbers:
    """Least number of independent outputs any detector needs to reach `accuracy` (T10), rounded down.

    n >= ln(1 - (2 accuracy - 1)^2) / (2 ln(1 - jsd/ln 2)); 0 for accuracy <= 1/2, inf for a budget of 0.
    A bound (through the Hellinger distance), not sharp.

    >>> float(min_outputs(0.75, 0.01)), float(min_outputs(0.5, 0.01)), float(min_outputs(0.9, 0.0))
    (10.0, 0.0, inf)
    """
    a, budget = np.broadcast_arrays(_unit("accuracy", _plain(accuracy)), _budget(jsd))
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.log1p(-((2 * a - 1) ** 2)) / (2 * np.log1p(-np.minimum(budget / LN2, 1.0)))
    n = np.where(budget <= 0, np.inf, np.where(budget >= LN2, 1.0, n))
    n = np.where(np.isfinite(n), np.ceil(n * (1 - 1e-12)), n)
    return np.where(a > 0.5, np.maximum(n, 1.0), 0.0)


def max_accuracy_outputs(jsd: Numbers, outputs: Numbers) -> Numbers:
    """Largest accuracy from n independent outputs (T10), rounded up.

    The smaller of 1/2 (1 + sqrt(1 - (1 - jsd/ln 2)^{2n})) and `max_accuracy(min(n jsd, ln 2))`.

    >>> 0 <= float(max_accuracy_outputs(0.01, 1)) - float(max_accuracy(0.01)) < 1e-12
    True
    """
    n, budget = np.broadcast_arrays(np.asarray(_plain(outputs), dtype=float), _budget(jsd))
    require(bool(np.all(n >= 1)), "outputs", "numbers at least 1", n)
    with np.errstate(divide="ignore"):
        affinity = np.exp(2 * n * np.log1p(-np.minimum(budget / LN2, 1.0)))
    hellinger = 0.5 * (1 + np.sqrt(np.clip(1 - affinity, 0.0, 1.0)))
    hellinger = np.minimum(hellinger * (1 + _GUARD), 1.0)
    return np.minimum(hellinger, max_accuracy(np.minimum(n * budget * (1 + _GUARD), LN2)))


def functional_gap(oscillation: Numbers, jsd: Numbers) -> Numbers:
    """Residual influence: |E_P g - E_Q g| <= osc(g) TV_max(jsd) for every bounded g (T9), rounded up.

    >>> float(functional_gap(2.0, 0.0))
    0.0
    """
    osc = np.asarray(oscillation, dtype=float)
    require(bool(np.all(osc >= 0)), "oscillation", "non-negative numbers", osc)
    return osc * max_total_variation(jsd) * (1 + _GUARD)


def min_jsd_from_accuracy(accuracy: Numbers) -> Numbers:
    """Least JSD at which a detector with this accuracy exists: phi(2 accuracy - 1) (T5), rounded down.

    >>> float(min_jsd_from_accuracy(0.5))
    0.0
    """
    a = np.maximum(_unit("accuracy", accuracy), 0.5)
    return phi(2 * a - 1) * (1 - _GUARD)


def min_jsd_from_rates(fpr: Numbers, tpr: Numbers) -> Numbers:
    """Least JSD at which a test has these rates: `binary_jsd`, rounded down (T6, T19).

    >>> float(min_jsd_from_rates(0.3, 0.3))
    0.0
    """
    return binary_jsd(fpr, tpr) * (1 - _GUARD)


def min_jsd_from_auc(auc: Numbers) -> Numbers:
    """Least JSD at which a score with this AUC exists: the inverse of `max_auc` (T7), rounded down.

    >>> float(min_jsd_from_auc(0.5)), round(float(min_jsd_from_auc(max_auc(0.1))), 12)
    (0.0, 0.1)
    """
    a = np.maximum(_unit("auc", auc), 0.5)
    log_k = _log_multiplier(a - 0.5, spending=False)
    return np.where(a >= 1.0, LN2, np.maximum(_frontier(np.exp(log_k))[0] * (1 - 1e-12), 0.0)) * (a > 0.5)


def frontier_roc(fpr: Numbers, jsd: float) -> Numbers:
    """The ROC curve of largest area at this budget (T7): b(a) = (1/k) ln[(2 - w(a))/(2 - w(0))].

    >>> bool(np.all(frontier_roc(np.linspace(0, 1, 5), 0.1) <= max_tpr(np.linspace(0, 1, 5), 0.1)))
    True
    """
    a = _unit("fpr", fpr)
    budget = _budget(float(jsd))
    if budget <= 0:
        return a
    k = float(np.exp(_log_multiplier(budget)))
    # (2 - w(a))/(2 - w(0)) = 1 + e^k (1 - e^{-ka}), kept in logs so that large k does not overflow.
    with np.errstate(divide="ignore"):
        return np.logaddexp(0.0, k + np.log(-np.expm1(-k * a))) / k


def _log_multiplier(goal: FloatValues, spending: bool = True) -> FloatValues:
    """ln k of the T7 curve that spends this budget (or has this AUC - 1/2), 1e-13 too small at most."""
    low, high = -340.0, 40.0
    which, whole = (0, LN2) if spending else (1, 0.5)
    if goal.ndim == 0 and 1e-280 < goal < whole * (1 - 1e-9):  # in logarithms nearly a straight line
        log_goal = math.log(float(goal))

        def beyond(x: float) -> float:
            return math.log(float(_frontier(np.exp(np.array(x)))[which])) - log_goal

        # Budget <= k^2/24 and AUC - 1/2 <= k/6, nearly attained while k is small.
        low = (0.5 * (log_goal + math.log(24)) if spending else log_goal + math.log(6)) - 1e-9
        high = low + 1.0 if beyond(low + 1.0) > 0 else high
        return np.asarray(brentq(beyond, low, high, xtol=5e-14))
    affordable = lambda x: _frontier(np.exp(x))[which] <= goal  # noqa: E731
    return _last_true(affordable, np.full(goal.shape, low), np.full(goal.shape, high), steps=70)


def _frontier(k: FloatValues) -> tuple[FloatValues, FloatValues]:
    """Budget and AUC - 1/2 of the T7 curve at multiplier k > 0."""
    small = k < 1.5
    ks = np.where(small, k, 1.0)[..., None]
    u = ks * (0.5 - _NODES)
    offset = (np.expm1(u) - 2 * np.sinh(ks / 4) ** 2) / np.cosh(ks / 2)
    density = 1.0 / (1.0 - offset)
    spread = 0.5 * (bregman_one_plus(np, offset) + bregman_one_plus(np, -offset))
    budget_small = np.sum(_WEIGHTS * density * spread, axis=-1)
    auc_small = np.sum(_WEIGHTS * 2 * density * offset * (0.5 - _NODES), axis=-1)
    kl = np.where(small, 1.0, k)
    s, rest = 1.0 / (1.0 + np.exp(-kl)), 1.0 / (1.0 + np.exp(np.minimum(kl, 700.0)))
    gap = (spence(rest) - spence(s)) / kl
    budget_large = LN2 - gap
    auc_large = (np.logaddexp(0.0, kl) - gap) / kl - 0.5
    return np.where(small, budget_small, budget_large), np.where(small, auc_small, auc_large)


def _near_max_tpr(a: FloatValues, budget: FloatValues) -> FloatValues:
    """`max_tpr` to a few ulps on either side: the divergence is convex in b, so Newton's method comes down to it from above."""
    b, done = np.minimum(a + np.sqrt(2.0 * budget), 1.0 - 1e-16), np.zeros(a.shape, dtype=bool)
    for _ in range(60):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.nan_to_num((binary_jsd(a, b) - budget) / _slope_in_tpr(a, b), posinf=0.0, neginf=0.0)
        b = np.where(done, b, np.clip(b - step, a, 1.0))  # a value must not depend on its neighbours
        done |= np.abs(step) <= 1e-15 * b
        if done.all():
            break
    return np.where(binary_jsd(a, np.ones(a.shape)) <= budget, 1.0, b)


def _slope_in_tpr(a: FloatValues, b: FloatValues) -> FloatValues:
    m = 0.5 * (a + b)
    return 0.5 * (np.log(b / m) - np.log((1 - b) / (1 - m)))


def _slope_in_fpr(a: FloatValues, b: FloatValues) -> FloatValues:
    return _slope_in_tpr(b, a)


def _last_true(
    holds: Callable[[FloatValues], Numbers], low: FloatValues, high: FloatValues, steps: int = 62
) -> FloatValues:
    """Bisection: the upper end of the bracket in which `holds` turns from true to false."""
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    whole = holds(high)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        ok = holds(middle)
        last = low, high
        low, high = np.where(ok, middle, low), np.where(ok, high, middle)
        if np.array_equal(low, last[0]) and np.array_equal(high, last[1]):
            break  # neighbouring floats: further steps change nothing
    return np.where(whole, np.maximum(high, low), high)


def _plain(x: Numbers) -> Any:
    return x.detach().cpu().numpy() if is_torch_array(x) else x


def _budget(jsd: Numbers) -> FloatValues:
    x = np.asarray(_plain(jsd), dtype=float)
    ok = np.all((x >= -1e-15) & (x <= LN2 * (1 + 1e-6)))
    require(bool(ok), "jsd", "numbers in [0, ln 2] nats", x)
    return np.clip(x, 0.0, LN2)


def _unit(name: str, x: Numbers) -> FloatValues:
    values = np.asarray(_plain(x), dtype=float)
    require(bool(np.all((values >= 0) & (values <= 1))), name, "numbers in [0, 1]", values)
    return values


def _lift(jsd: Numbers, value: FloatValues, slope: FloatValues) -> Numbers:
    """Give a NumPy value the autograd history of a torch budget (implicit function theorem)."""
    if not is_torch_array(jsd):
        return value
    from mari_theory.kernels.autograd import with_gradient

    return with_gradient(jsd, value, slope)
