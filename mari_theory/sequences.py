"""Information along tokens and along rounds of unlearning (T11, T13, T14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from jaxtyping import Float

from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require, require_fraction
from mari_theory.kernels.arrays import AnyArray, Array, as_float_arrays
from mari_theory.units import LN2


def posterior(log_p: Float[AnyArray, ...], log_q: Float[AnyArray, ...], weight: float = 0.5) -> Float[AnyArray, ...]:
    """eta = P(Z = 1 | x) = w q / ((1-w) p + w q), from log-likelihoods (T1).

    >>> import numpy as np
    >>> float(posterior(np.array(-1.0), np.array(-1.0)))
    0.5
    """
    w = require_fraction("weight", weight)
    xp, (of_p, of_q) = as_float_arrays(log_p, log_q)
    gap = of_q - of_p + math.log(w / (1.0 - w))
    return cast(AnyArray, 1.0 / (1.0 + xp.exp(-xp.clip(gap, -745.0, 745.0))))


def chain_rule_information(
    log_p_next: Float[AnyArray, "... steps vocab"],
    log_q_next: Float[AnyArray, "... steps vocab"],
    tokens: Array,
    weight: float = 0.5,
    *,
    check: bool = True,
) -> Float[AnyArray, ...]:
    r"""Path information sum_t JSD_{w_t}(P(.|x_<t), Q(.|x_<t)) along one sampled path (T11).

    Its mean over paths drawn from the mixture is I(X_{1:T}; Z), with less variance than h(w) - h(eta).
    w_t is the running posterior of Z after x_<t.

    Parameters: next-token log-probabilities of both arms at each step, the sampled token ids (..., steps).
    Returns values at least 0, shape (...). Raises `ArgumentError` on invalid rows.

    >>> import numpy as np
    >>> step = np.log(np.array([[0.5, 0.5]]))
    >>> float(chain_rule_information(step, step, np.array([0])))
    0.0
    """
    w = require_fraction("weight", weight)
    xp, (next_p, next_q) = as_float_arrays(log_p_next, log_q_next)
    steps = next_p.shape[-2]
    odds = xp.zeros_like(next_p[..., 0, 0]) + math.log(w / (1.0 - w))
    total = xp.zeros_like(odds)
    for t in range(steps):
        p, q = next_p[..., t, :], next_q[..., t, :]
        total = total + jensen_shannon(p, q, 1.0 / (1.0 + xp.exp(-odds)), log=True, check=check)
        pick = tokens[..., t : t + 1]
        chosen_p = xp.take_along_axis(p, pick, axis=-1)[..., 0]
        chosen_q = xp.take_along_axis(q, pick, axis=-1)[..., 0]
        odds = xp.clip(odds + chosen_q - chosen_p, -700.0, 700.0)
    return cast(AnyArray, total)


def rounds_bound(jsds: Sequence[float]) -> float:
    """After K rounds of unlearning: JSD(P_0, P_K) <= (sum_k sqrt(JSD_k))^2, at most ln 2 (T13), rounded up.

    >>> rounds_bound([0.01, 0.01]) >= 0.04
    True
    """
    for value in jsds:
        require(0.0 <= value <= LN2 * (1 + 1e-6), "jsds", "numbers in [0, ln 2]", value)
    total = math.fsum(math.sqrt(x) for x in jsds) ** 2
    return min(LN2, total * (1 + 1e-15))


def oracle_bound(retain_shift: float, forget_against_retain: float, oracle_forget_against_retain: float) -> float:
    """Oracle detectability on forget prompts from three measured terms, by the triangle inequality (T14, T4).

    sqrt JSD(U_F, O_F) <= sqrt JSD(U_F, U_R) + sqrt JSD(U_R, O_R) + sqrt JSD(O_R, O_F), where U and O are the pooled
    output laws of the unlearned model and the oracle on forget (F) and retain (R) prompts.
    Pooled laws only: it says nothing about detectors that see the prompt (T26).

    >>> oracle_bound(0.0, 0.01, 0.01) >= 0.04
    True
    """
    return rounds_bound([forget_against_retain, retain_shift, oracle_forget_against_retain])
