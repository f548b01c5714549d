"""Certified ROC curve and AUC of any fixed score from held-out rows, through simultaneous bands (T16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimators.bands import Band, EqualLocalLevels
from estimators.intervals import Betting, BoundedMean
from estimators.results import Certified, Interval
from estimators.samples import as_points
from mari_theory.errors import require, require_fraction

Floats = NDArray[np.float64]
ASSUMPTIONS = ("the score was fixed before these rows", "within an arm, rows are independent draws from the same law")


@dataclass(frozen=True)
class CertifiedRoc:
    """A band for every threshold at once, and the AUC at its own confidence: the (randomised) detector "score >= c" has a TPR within [low, high] of its FPR.

    `fpr`, `tpr_low`, `tpr_high` are steps: between two grid points use the left value for low, the right for high.
    """

    auc: Certified
    fpr: Floats
    tpr: Floats
    tpr_low: Floats
    tpr_high: Floats
    confidence: float
    method: str

    def tpr_at(self, fpr: float) -> Interval:
        """Interval for the TPR at a false-positive rate, holding for all rates together.

        Raises `ArgumentError` outside [0, 1].
        """
        require(0.0 <= fpr <= 1.0, "fpr", "a number in [0, 1]", fpr)
        left = int(np.searchsorted(self.fpr, fpr, side="right")) - 1
        right = int(np.searchsorted(self.fpr, fpr, side="left"))
        return Interval(
            float(self.tpr_low[left]), float(self.tpr_high[right]), self.confidence, self.method, "T16", ASSUMPTIONS
        )


def certify_roc(scores_p: Any, scores_q: Any, confidence: float = 0.95, band: Band | None = None) -> CertifiedRoc:
    """ROC curve of "score >= c means arm Q" with a band that holds for every threshold together, and its AUC (T16).

    `scores_p`, `scores_q` are scores of held-out rows of each arm (any real numbers, ties allowed); `band` is a simultaneous band for
    a distribution function, default `EqualLocalLevels()`; each arm's holds at half the level. Raises `ArgumentError` on NaN, empty arms.

    >>> rng = np.random.default_rng(0)
    >>> made = certify_roc(rng.normal(size=2000), rng.normal(1, 1, size=2000))
    >>> 0.760 in made.auc.interval and 0.259 in made.tpr_at(0.05)
    True
    """
    half = 1.0 - (1.0 - require_fraction("confidence", confidence)) / 2
    method = EqualLocalLevels() if band is None else band
    p, q = (np.sort(as_points(n, v)[:, 0]) for n, v in (("scores_p", scores_p), ("scores_q", scores_q)))
    # States of a threshold: how many of each arm lie below it; from "above everything" down to "below everything".
    cuts = np.append(np.unique(np.concatenate([p, q])), np.inf)[::-1]
    below_p, below_q = np.searchsorted(p, cuts, side="left"), np.searchsorted(q, cuts, side="left")
    low_p, high_p = method.limits(p.size, half)
    low_q, high_q = method.limits(q.size, half)
    # States may share counts of one arm; running extremes make each bound monotone along the curve.
    fpr_low, fpr_high = 1 - high_p[below_p], 1 - low_p[below_p]
    tpr_low, tpr_high = 1 - high_q[below_q], 1 - low_q[below_q]
    fpr_low[0] = 0.0
    grid = np.unique(np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 401), np.linspace(0.0, 1.0, 1025)]))
    # Low: a threshold whose FPR is surely at most a has at least its own TPR. High: one state further covers the chord of a tie.
    reached = np.searchsorted(fpr_high, grid, side="right") - 1
    low = np.where(reached >= 0, tpr_low[np.maximum(reached, 0)], 0.0)
    further = np.minimum(np.searchsorted(fpr_low, grid, side="right"), cuts.size - 1)
    high = np.where(further == cuts.size - 1, 1.0, tpr_high[further])
    fpr = np.append(1 - below_p / p.size, 1.0)
    tpr = np.append(1 - below_q / q.size, 1.0)
    auc = certify_auc(scores_p, scores_q, confidence)
    return CertifiedRoc(auc, grid, np.interp(grid, fpr, tpr), low, high, confidence, method.name)


def certify_auc(
    scores_p: Any, scores_q: Any, confidence: float = 0.95, interval: BoundedMean | None = None
) -> Certified:
    """AUC = P(score of Q > score of P) + P(tie)/2, from disjoint pairs of one row each: i.i.d. terms in {0, 1/2, 1} (T15).

    Far narrower than the area between the curves of a band, which also holds for every threshold. The value uses all pairs.

    >>> rng = np.random.default_rng(0)
    >>> made = certify_auc(rng.normal(size=2000), rng.normal(1, 1, size=2000))
    >>> 0.760 in made.interval and made.interval.width < 0.07
    True
    """
    p, q = (as_points(n, v)[:, 0] for n, v in (("scores_p", scores_p), ("scores_q", scores_q)))
    pairs = min(p.size, q.size)
    terms = 0.5 * (1.0 + np.sign(q[:pairs] - p[:pairs]))
    made = (Betting() if interval is None else interval).interval(terms, confidence)
    ranks = np.sort(p)
    value = float(np.mean(np.searchsorted(ranks, q, "left") + np.searchsorted(ranks, q, "right"))) / (2 * p.size)
    whole = Interval(made.lower, made.upper, confidence, made.method, "T16", ASSUMPTIONS)
    return Certified("AUC", value, whole, p.size + q.size, unit="probability", method=made.method)
