"""Any detector turned into certified lower bounds (T19)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from estimators.intervals import ClopperPearson
from mari_theory.detectability import min_jsd_from_rates
from mari_theory.errors import require, require_fraction
from mari_theory.rounding import down
from mari_theory.shown import Shown
from mari_theory.units import Floats


@dataclass(frozen=True)
class DetectorBound(Shown):
    """What a detector's counts prove: rates with exact intervals, and lower bounds on TV and JSD (nats)."""

    fpr: float
    """False positive rate, as counted."""
    tpr: float
    """True positive rate, as counted."""
    accuracy: float
    """Accuracy at equal priors, as counted."""
    total_variation_lower: float
    """Total variation at least."""
    jsd_lower: float
    """Divergence at least, nats."""
    confidence: float
    """Probability that all of it holds."""
    n: int
    """Number of outputs judged."""

    def __str__(self) -> str:
        return (
            f"FPR {self.fpr:.3f}, TPR {self.tpr:.3f}: TV >= {down(self.total_variation_lower)}, "
            f"JSD >= {down(self.jsd_lower)} nats at confidence {self.confidence:g}"
        )


def audit_counts(
    false_positives: int, negatives: int, true_positives: int, positives: int, confidence: float = 0.95
) -> DetectorBound:
    """Lower bounds from the confusion counts of a fixed detector on fresh, independent rows (T19).

    Clopper-Pearson two-sided for each rate at (1 - confidence)/2, so the bounds hold for the detector and for its
    complement. JSD through data processing (T3): the binary JSD of the closest rates in the box.
    Raises `ArgumentError` on impossible counts.

    >>> audit_counts(5, 100, 95, 100).jsd_lower > 0.3
    True
    >>> audit_counts(50, 100, 50, 100).jsd_lower
    0.0
    """
    share = 1.0 - (1.0 - require_fraction("confidence", confidence)) / 2
    a = ClopperPearson().counts(false_positives, negatives, share)
    b = ClopperPearson().counts(true_positives, positives, share)
    if b.lower > a.upper:
        low, high = a.upper, b.lower
    elif a.lower > b.upper:
        low, high = b.upper, a.lower
    else:
        low = high = 0.5
    fpr, tpr = false_positives / negatives, true_positives / positives
    tv = max(high - low - 1e-15, 0.0)
    return DetectorBound(
        fpr,
        tpr,
        0.5 * (1 + tpr - fpr),
        tv,
        float(min_jsd_from_rates(low, high)) if tv > 0 else 0.0,
        confidence,
        negatives + positives,
    )


def audit_scores(
    scores_p: Float[np.ndarray, " n"], scores_q: Float[np.ndarray, " m"], confidence: float = 0.95
) -> DetectorBound:
    """Threshold chosen on the first half of each arm, counted on the second half (T19).

    Scores larger on Q mean a good detector; the orientation is chosen on the first half too. Rows must be
    independent and in random order. Raises `ArgumentError` on fewer than 2 rows an arm or NaN.

    >>> rng = np.random.default_rng(0)
    >>> audit_scores(rng.normal(size=400), rng.normal(2.0, size=400)).total_variation_lower > 0.4
    True
    """
    p, q = np.asarray(scores_p, dtype=float), np.asarray(scores_q, dtype=float)
    for name, x in (("scores_p", p), ("scores_q", q)):
        require(x.ndim == 1 and x.size >= 2, name, "at least 2 scores", x.shape)
        require(not bool(np.any(np.isnan(x))), name, "numbers", "NaN")
    train_p, test_p = p[: p.size // 2], p[p.size // 2 :]
    train_q, test_q = q[: q.size // 2], q[q.size // 2 :]
    cut, sign = best_threshold(train_p, train_q)
    return audit_counts(
        int(np.sum(sign * test_p > sign * cut)),
        test_p.size,
        int(np.sum(sign * test_q > sign * cut)),
        test_q.size,
        confidence,
    )


def best_threshold(p: Floats, q: Floats) -> tuple[float, int]:
    """Cut and orientation with the largest |TPR - FPR| on these scores."""
    cuts = np.unique(np.concatenate([p, q]))
    middle = np.concatenate([[-math.inf], 0.5 * (cuts[1:] + cuts[:-1]), [math.inf]])
    middle = middle[~np.isnan(middle)]
    fpr = 1.0 - np.searchsorted(np.sort(p), middle, "right") / p.size
    tpr = 1.0 - np.searchsorted(np.sort(q), middle, "right") / q.size
    best = int(np.argmax(np.abs(tpr - fpr)))
    return float(middle[best]), 1 if tpr[best] >= fpr[best] else -1
