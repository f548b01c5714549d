"""Marginal information: what the forget set adds to the retain set's output signal (T1, T12, T26).

P is the law of one model's signal on retain inputs, Q = (1-share) P + share F the law on retain and forget
inputs together. The information is I(X; Z) = JSD_w(P, Q). It bounds detectors of *this signal* only: by
T26 it can be 0 for a model that knows every forget answer by heart.
"""

from __future__ import annotations

import math
from typing import cast

from jaxtyping import Float

from mari_theory.detectability import max_total_variation
from mari_theory.divergences import jensen_shannon
from mari_theory.errors import require
from mari_theory.kernels.arrays import AnyArray, Array, as_float_arrays


def mix(
    retain: Float[AnyArray, "... outcomes"], forget: Float[AnyArray, "... outcomes"], share: float
) -> Float[AnyArray, "... outcomes"]:
    """(1 - share) retain + share forget, with share in (0, 1].

    >>> import numpy as np
    >>> mix(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.25).tolist()
    [0.75, 0.25]
    """
    require(0.0 < share <= 1.0, "share", "a number in (0, 1]", share)
    return cast(AnyArray, (1.0 - share) * retain + share * forget)


def marginal_information(
    retain: Float[AnyArray, "... outcomes"],
    forget: Float[AnyArray, "... outcomes"],
    share: float,
    weight: float = 0.5,
    *,
    check: bool = True,
) -> Float[AnyArray, ...]:
    """JSD_w(P, (1-share) P + share F) in nats: the marginal information of a forget law F (T1).

    Parameters: `retain`, `forget` probabilities on the last axis; `share` of forget inputs in (0, 1];
    `weight` of the mixed side. Returns values in [0, share * h(w)] (T12). Raises `ArgumentError`.

    >>> import numpy as np
    >>> p, f = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> bool(marginal_information(p, f, 0.5) <= 0.5 * jensen_shannon(p, f))
    True
    """
    return jensen_shannon(retain, mix(retain, forget, share), weight, check=check)


def pooled_information(
    retain: Float[AnyArray, "retain_items vocab"],
    forget: Float[AnyArray, "forget_items vocab"],
    share: float | None = None,
    weight: float = 0.5,
    *,
    check: bool = True,
) -> Float[AnyArray, ""]:
    """Marginal information of the *averages* of two sets of next-token distributions.

    `share` defaults to forget_items / (retain_items + forget_items). At most the token-wise value (convexity).
    Raises `ArgumentError` on an empty set.

    >>> import numpy as np
    >>> float(pooled_information(np.eye(2), np.eye(2)))
    0.0
    """
    xp, (of_retain, of_forget) = as_float_arrays(retain, forget)
    for name, x in (("retain", of_retain), ("forget", of_forget)):
        require(x.ndim == 2 and x.shape[0] > 0, name, "a non-empty (items, vocab) array", f"shape {tuple(x.shape)}")
    rho = of_forget.shape[0] / (of_retain.shape[0] + of_forget.shape[0]) if share is None else share
    means: list[Array] = [xp.mean(x, axis=0) for x in (of_retain, of_forget)]
    return cast(AnyArray, marginal_information(means[0], means[1], rho, weight, check=check))


def tokenwise_information(
    retain: Float[AnyArray, "positions vocab"],
    forget: Float[AnyArray, "positions vocab"],
    share: float,
    weight: float = 0.5,
    *,
    check: bool = True,
) -> Float[AnyArray, ""]:
    """Marginal information position by position, then averaged; inputs are per-position means.

    >>> import numpy as np
    >>> float(tokenwise_information(np.eye(2), np.eye(2), 0.5))
    0.0
    """
    xp, (of_retain, of_forget) = as_float_arrays(retain, forget)
    return cast(AnyArray, xp.mean(marginal_information(of_retain, of_forget, share, weight, check=check)))


def mixture_bound(jsd_forget: float, share: float) -> float:
    """JSD(P, (1-share) P + share F) <= share JSD(P, F): contraction of T12.

    >>> 0.04 <= mixture_bound(0.4, 0.1) < 0.0400001
    True
    """
    require(0.0 <= jsd_forget <= math.log(2.0) * (1 + 1e-6), "jsd_forget", "a number in [0, ln 2]", jsd_forget)
    require(0.0 < share <= 1.0, "share", "a number in (0, 1]", share)
    return math.nextafter(share * jsd_forget, math.inf)


def forget_total_variation(jsd_mixture: float, share: float) -> float:
    """What a marginal information bounds on the forget set itself: TV(P, F) = TV(P, Q)/share (T12, w = 1/2).

    Returns min(1, TV_max(jsd)/share), rounded up. At small shares this is often 1: no bound at all.

    >>> forget_total_variation(0.01, 0.05)
    1.0
    """
    require(0.0 < share <= 1.0, "share", "a number in (0, 1]", share)
    bound = float(max_total_variation(jsd_mixture)) / share
    return min(1.0, math.nextafter(bound, math.inf))
