r"""Certified ROC curve and AUC of any fixed score from held-out rows, through simultaneous bands (T16).

Rows of the two arms that belong to one item are dependent: the model scores *that* item in both. Each arm's band needs independent
rows within its arm only, and the union of two bands needs nothing between them, so the curve stands. The AUC compares an item of P
with *another* of Q, so its terms come from disjoint pairs of items, `items_p` and `items_q` being the ids:

.. math:: y_{ij} = \tfrac12 \left( s(q_j - p_i) + s(q_i - p_j) \right), \quad s(d) = 1[d > 0] + \tfrac12 1[d = 0]

for two items i, j that both arms scored, both comparisons at once; `s(q_j - p_i)` where i is in P only and j in Q only. Each item is in
one term, so the terms are independent, each with mean AUC. No permutation of aligned rows does that: it puts item i into two terms,
once by p_i and once by q_i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from estimators.bands import Band, EqualLocalLevels
from estimators.intervals import Betting, BoundedMean
from estimators.results import Certified, Interval
from estimators.samples import as_labels, as_points
from mari_theory.errors import ArgumentError, require, require_fraction
from mari_theory.shown import Shown
from mari_theory.units import Floats

Comparison = Literal["independent", "paired"]
ASSUMPTIONS = ("the score was fixed before these rows", "within an arm, rows are independent draws from the same law")
APART = "no item is in both arms: the arms' rows are independent of each other"
SHARED = "rows of different items are independent; those of one item need not be"
SAME = ("the scores were fixed before these rows", "items are independent draws from the same law")
FALSE_ALARM = 1e-6
"""Probability of refusing rows that are independent between the arms."""
_SEED = (0x6D617269, 16)


@dataclass(frozen=True)
class CertifiedRoc(Shown):
    """A band for every threshold at once, and the AUC at its own confidence: the (randomised) detector "score >= c" has a TPR within [low, high] of its FPR.

    `fpr`, `tpr_low`, `tpr_high` are steps: between two grid points use the left value for low, the right for high.
    """

    auc: Certified
    """Area under the curve."""
    fpr: Floats
    """False positive rates, rising."""
    tpr: Floats
    """Empirical curve."""
    tpr_low: Floats
    """Lower curve."""
    tpr_high: Floats
    """Upper curve."""
    confidence: float
    """Probability that the whole curve lies inside."""
    method: str
    """Name of the band."""

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


def certify_roc(
    scores_p: Any,
    scores_q: Any,
    confidence: float = 0.95,
    band: Band | None = None,
    *,
    items_p: Any = None,
    items_q: Any = None,
) -> CertifiedRoc:
    """ROC curve of "score >= c means arm Q" with a band that holds for every threshold together, and its AUC (T16).

    `scores_p`, `scores_q` are scores of held-out rows of each arm (any real numbers, ties allowed); `band` is a simultaneous band for
    a distribution function, default `EqualLocalLevels()`; each arm's holds at half the level, whatever ties the arms together.
    `items_p`, `items_q` are the items' ids where both arms scored the same ones (see `certify_auc`). Raises `ArgumentError` on NaN,
    empty arms, more than one column, rows that move together without ids.

    >>> rng = np.random.default_rng(0)
    >>> result = certify_roc(rng.normal(size=2000), rng.normal(1, 1, size=2000))
    >>> 0.760 in result.auc.interval and 0.259 in result.tpr_at(0.05)
    True
    """
    half = 1.0 - (1.0 - require_fraction("confidence", confidence)) / 2
    method = EqualLocalLevels() if band is None else band
    p, q = (np.sort(x) for x in _arms(scores_p, scores_q))
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
    last = np.searchsorted(fpr_high, grid, side="right") - 1
    low = np.where(last >= 0, tpr_low[np.maximum(last, 0)], 0.0)
    further = np.minimum(np.searchsorted(fpr_low, grid, side="right"), cuts.size - 1)
    high = np.where(further == cuts.size - 1, 1.0, tpr_high[further])
    fpr = np.append(1 - below_p / p.size, 1.0)
    tpr = np.append(1 - below_q / q.size, 1.0)
    auc = certify_auc(scores_p, scores_q, confidence, items_p=items_p, items_q=items_q)
    return CertifiedRoc(auc, grid, np.interp(grid, fpr, tpr), low, high, confidence, method.name)


def certify_auc(
    scores_p: Any,
    scores_q: Any,
    confidence: float = 0.95,
    interval: BoundedMean | None = None,
    *,
    items_p: Any = None,
    items_q: Any = None,
    comparison: Comparison = "independent",
) -> Certified:
    """AUC = P(score of Q > score of P) + P(tie)/2 for rows of different items, from disjoint pairs of one row or item each (T15).

    `scores_p`, `scores_q`: scores of held-out rows, shapes (n,) and (m,), any real numbers. `items_p`, `items_q`: ids of their items
    (numbers or strings, each once an arm), needed where both arms scored the same items; the interval then rests on disjoint pairs of
    items (the module's docstring). `comparison="paired"` is another quantity, P(Q's score > P's score on the *same* item) + P(tie)/2,
    from one term an item: rows matched by id, or row i with row i where no ids are given.

    Far narrower than the area between the curves of a band, which also holds for every threshold. The value uses all pairs of rows of
    different items. Rows are taken in an order drawn with a fixed seed, so a sorted arm does no harm.

    Raises `ArgumentError` on NaN, an empty arm, more than one column, an id twice in an arm, fewer than two items, paired rows of
    different numbers, and, without ids, on rows that move together: Kendall's tau of row i with row i so large that independent arms
    reach it with probability below 1e-6. The test cannot see every alignment (fewer than 16 rows, one arm in another order): with
    shared items, pass ids.

    >>> rng = np.random.default_rng(0)
    >>> result = certify_auc(rng.normal(size=2000), rng.normal(1, 1, size=2000))
    >>> 0.760 in result.interval and result.interval.width < 0.07
    True
    >>> z = rng.normal(size=400)  # an item's difficulty, in both arms
    >>> result = certify_auc(z, z + 0.1, items_p=range(400), items_q=range(400))
    >>> 0.528 in result.interval and result.interval.width < 0.05
    True
    >>> certify_auc(z, z + 0.1, comparison="paired").value
    1.0
    """
    require_fraction("confidence", confidence)
    p, q = _arms(scores_p, scores_q)
    require(comparison in ("independent", "paired"), "comparison", "independent or paired", comparison)
    ids = _ids(items_p, items_q, p.size, q.size)
    if comparison == "paired":
        return _paired_comparison(p, q, ids, confidence, interval)
    overlap = np.empty((2, 0), np.intp)
    if ids is not None:
        overlap = np.stack(np.intersect1d(*ids, assume_unique=True, return_indices=True)[1:])
    else:
        _refuse_aligned_rows(p, q)
    terms = _terms(p, q, overlap, ids)
    require(terms.size > 0, "items_p, items_q", "two different items at least", "one item, in both arms")
    ends = (Betting() if interval is None else interval).interval(terms, confidence)
    ranks = np.sort(p)
    wins = float(np.sum(np.searchsorted(ranks, q, "left") + np.searchsorted(ranks, q, "right"))) / 2
    same = float(np.sum(_wins(p[overlap[0]], q[overlap[1]])))
    value = (wins - same) / (p.size * q.size - overlap.shape[1])
    assumptions = (*ASSUMPTIONS, SHARED if overlap.size else APART)
    whole = Interval(ends.lower, ends.upper, confidence, ends.method, "T16", assumptions)
    extra = {"shared_items": int(overlap.shape[1]), "terms": int(terms.size)}
    return Certified("AUC", value, whole, p.size + q.size, unit="probability", method=ends.method, extra=extra)


def _arms(scores_p: Any, scores_q: Any) -> tuple[Floats, Floats]:
    """Scores as vectors."""
    out = []
    for name, scores in (("scores_p", scores_p), ("scores_q", scores_q)):
        points = as_points(name, scores)
        require(points.shape[1] == 1, name, "one score a row", f"{points.shape[1]} columns")
        out.append(points[:, 0])
    return out[0], out[1]


def _ids(items_p: Any, items_q: Any, n: int, m: int) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Ids of both arms, or None; each once an arm."""
    if items_p is None and items_q is None:
        return None
    require(items_p is not None and items_q is not None, "items_p, items_q", "ids of both arms", "of one arm only")
    out = []
    for name, items, rows in (("items_p", items_p, n), ("items_q", items_q, m)):
        ids = as_labels(name, items)
        require(ids.size == rows, name, f"an id for each of the {rows} rows", ids.size)
        values, times = np.unique(ids, return_counts=True)
        worst = int(np.argmax(times))
        once = "each item once in an arm (one row, or one score, for all draws of an item)"
        require(int(times[worst]) == 1, name, once, f"{values[worst]} {times[worst]} times")
        out.append(ids)
    kinds = {x.dtype.kind in "USO" for x in out}
    require(len(kinds) == 1, "items_p, items_q", "ids of one kind", "numbers and text")
    return out[0], out[1]


def _wins(p: Floats, q: Floats) -> Floats:
    """1 where q is above p, 1/2 at a tie."""
    return 0.5 * (1.0 + np.sign(q - p))


def _terms(p: Floats, q: Floats, overlap: NDArray[np.intp], ids: tuple[NDArray[Any], NDArray[Any]] | None) -> Floats:
    """Independent terms with mean AUC, each item in one of them; by id, so that the order of the rows does not matter."""
    rng = np.random.default_rng(_SEED)
    only = [np.setdiff1d(np.arange(x.size), s) for x, s in zip((p, q), overlap, strict=True)]
    if ids is not None:
        only = [rows[np.argsort(x[rows])] for rows, x in zip(only, ids, strict=True)]
    only = [rng.permutation(rows) for rows in only]
    overlap = rng.permutation(overlap, axis=1)
    pairs, half = min(only[0].size, only[1].size), overlap.shape[1] // 2
    terms = [_wins(p[only[0][:pairs]], q[only[1][:pairs]])]
    first, second = overlap[:, :half], overlap[:, half : 2 * half]
    terms.append((_wins(p[first[0]], q[second[1]]) + _wins(p[second[0]], q[first[1]])) / 2)
    if overlap.shape[1] % 2:  # one shared item is left: it meets a row that has no partner in the other arm
        i, j = overlap[:, -1]
        if only[0].size > pairs:
            terms.append(_wins(p[only[0][pairs : pairs + 1]], q[[j]]))
        elif only[1].size > pairs:
            terms.append(_wins(p[[i]], q[only[1][pairs : pairs + 1]]))
    return rng.permutation(np.concatenate(terms))


def _paired_comparison(
    p: Floats,
    q: Floats,
    ids: tuple[NDArray[Any], NDArray[Any]] | None,
    confidence: float,
    interval: BoundedMean | None,
) -> Certified:
    """P(Q's score > P's on the same item) + P(tie)/2, one term an item."""
    if ids is not None:
        _, i, j = np.intersect1d(*ids, assume_unique=True, return_indices=True)
        require(i.size > 0, "items_p, items_q", "an item in both arms for a paired comparison", "none")
        p, q = p[i], q[j]
    require(p.size == q.size, "scores_p, scores_q", "rows of the same items in the same order", (p.size, q.size))
    terms = np.random.default_rng(_SEED).permutation(_wins(p, q))
    ends = (Betting() if interval is None else interval).interval(terms, confidence)
    whole = Interval(ends.lower, ends.upper, confidence, ends.method, "T15", SAME)
    name = "probability of a higher score in Q on the same item"
    extra = {"shared_items": int(p.size), "terms": int(p.size)}
    value = float(terms.mean())
    return Certified(name, value, whole, 2 * p.size, unit="probability", method=ends.method, extra=extra)


def alignment(p: Floats, q: Floats) -> tuple[float, float]:
    r"""Kendall's tau between row i of P and row i of Q, and a bound on the probability that independent arms reach it.

    Ties are broken at random (a fixed seed), so the ranks of independent rows are a uniform permutation, and its inversions a sum
    of independent uniforms on {0, ..., k-1}, k <= n, each strictly sub-Gaussian: `P(|tau| >= t) <= 2 exp(-9 n (n-1) t^2/(4 (2n+5)))`,
    at every n. Derived here; no normal approximation and no permutations.

    >>> rng = np.random.default_rng(0)
    >>> alignment(rng.normal(size=400), rng.normal(size=400))[1] > 0.01
    True
    """
    from scipy.stats import kendalltau

    n = p.size
    if n < 3:
        return 0.0, 1.0
    rng = np.random.default_rng(_SEED)
    ranks = []
    for x in (p, q):
        shuffle = rng.permutation(n)
        order = shuffle[np.argsort(x[shuffle], kind="stable")]
        rank = np.empty(n, np.int64)
        rank[order] = np.arange(n)
        ranks.append(rank)
    tau = float(kendalltau(ranks[0], ranks[1], method="asymptotic").statistic)
    return tau, min(1.0, 2.0 * math.exp(-9.0 * n * (n - 1) * tau**2 / (4.0 * (2 * n + 5))))


def _refuse_aligned_rows(p: Floats, q: Floats) -> None:
    pairs = min(p.size, q.size)
    tau, chance = alignment(p[:pairs], q[:pairs])
    if chance < FALSE_ALARM:
        raise ArgumentError(
            "scores_p, scores_q",
            "the items' ids (items_p, items_q; --items-x, --items-y), all different where no item is in both arms, "
            "or the comparison on the same item (comparison='paired'; --paired)",
            f"rows that move together (Kendall's tau {tau:.2f} in {pairs} rows, below 1e-6 between independent arms)",
        )
