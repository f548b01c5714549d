"""Exact divergences of enumerated laws: floats with room for their rounding (`mari check` encloses them in balls)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mari_theory.certificates.files import Law, Options
from mari_theory.units import LN2, Floats, Integers

ROUNDING = 2e-11
"""Room for the rounding of sums over up to 10^5 options in float64; measured errors are below 1e-13."""


@dataclass(frozen=True)
class LawEnds:
    """Divergence and total variation of every prompt, the options not listed taken as one; all of shape (prompts,)."""

    divergence: Floats
    """Jensen-Shannon divergence of the two laws, nats."""
    divergence_rest: Floats
    """Nats that telling the options not listed apart may add; 0 where a law is whole."""
    total_variation: Floats
    """In [0, 1]."""
    total_variation_rest: Floats
    """What telling the options not listed apart may add; 0 where a law is whole."""

    def average(self, quantity: str, prompts: Integers, top: float) -> tuple[float, float, float]:
        """Estimate, lower and upper end of the mean over some prompts."""
        value = float(getattr(self, quantity)[prompts].mean())
        rest = float(getattr(self, f"{quantity}_rest")[prompts].mean())
        return value, max(value - ROUNDING, 0.0), min(value + rest + ROUNDING, top)


def law_ends(o: Options) -> LawEnds:
    """Softmax of the weights within a model, models averaged within an arm (T25), places within a prompt."""
    rows: list[list[tuple[float, float, float, float]]] = [[] for _ in o.prompts]
    for law in o.laws:
        rows[law.prompt].append(_one(law))
    means = np.array([np.mean(r, axis=0) for r in rows])
    return LawEnds(*means.T)


def _one(law: Law) -> tuple[float, float, float, float]:
    p, q = (arm_law(w) for w in law.log_weights)
    half = 0.5 * (p + q)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = 0.5 * (np.where(p > 0, p * np.log(p / half), 0.0) + np.where(q > 0, q * np.log(q / half), 0.0))
    jsd, tv = max(float(terms.sum()), 0.0), 0.5 * float(np.abs(p - q).sum())
    if law.rest is None:
        return jsd, 0.0, tv, 0.0
    k = law.rest
    return jsd, float(half[k]) * LN2 - float(terms[k]), tv, float(half[k] - 0.5 * abs(p[k] - q[k]))


def arm_law(log_weights: Floats) -> Floats:
    """Average over models of the softmax of each row.

    >>> arm_law(np.log([[1.0, 3.0], [1.0, 1.0]])).round(3).tolist()
    [0.375, 0.625]
    """
    w = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    return np.asarray((w / w.sum(axis=1, keepdims=True)).mean(axis=0))
