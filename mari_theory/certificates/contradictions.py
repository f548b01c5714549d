"""Evidence that contradicts what a certificate would have to assume (T31): refused, in one line that names the likely mistake.

Everything here is tested at 1e-3 in all, whatever the confidence of the claim: half for the calibration of the likelihoods,
half for intervals that cross, miss their own estimate, or deny each other. Refusing only removes certificates: it spends no delta.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mari_theory.calibration import CALIBRATION_FUNCTIONS
from mari_theory.certificates.arrangement import file_order_pairs, groups, weights
from mari_theory.certificates.capital import (
    INFORMATION,
    LEAN,
    betting_end,
    hoeffding_half,
    make_terms,
    maurer_pontil_half,
    order_free_end,
    unit_term,
)
from mari_theory.certificates.ceilings import largest_tpr, largest_variation
from mari_theory.certificates.files import Scores
from mari_theory.detectability import binary_jsd, max_auc
from mari_theory.errors import ArgumentError, require
from mari_theory.units import LN2, Floats, Integers

LEVEL = 1e-3
BOLDEST = 0.75  # differences lie in [-1, 1]: a stake never risks more than three quarters of the capital

RIVALS = tuple(
    (slope, 0.0) for slope in (-1.0, 0.25, 0.5, 0.7, 0.85, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0)
) + tuple((1.0, offset) for offset in (-1.0, -0.3, 0.3, 1.0))
"""Other log-odds, slope * logit eta + offset, which predict the arms better when a mistake of their kind was made."""


@dataclass(frozen=True)
class Calibration:
    """How strongly the rows contradict one equality: the largest capital of bets against it, `e_value` at least 1/level refuses."""

    function: str
    """Formula of f, or `rival`."""
    mean: float
    """Mean of the differences, 0 in expectation for exact likelihoods."""
    log_e_value: float
    """ln of the largest capital."""
    level: float
    """Probability at which right likelihoods are refused."""

    @property
    def refused(self) -> bool:
        """Is the contradiction beyond chance?"""
        return self.log_e_value >= -math.log(self.level)


def calibration_pairs(s: Scores) -> list[Floats]:
    """Differences ((1 - eta) f on Q's row less eta f on P's)/2 of pairs, each with mean zero, for every f of `CALIBRATION_FUNCTIONS`.

    Pairs are formed within a prompt (in file order where rows were drawn at random); of unequal numbers the larger side is averaged
    in runs, so no row is lost. Their order is a fixed shuffle, which cannot know the outcomes; rows looked at as they came keep theirs.
    """
    gap = s.gap
    eta = 0.5 * (1.0 + np.tanh(0.5 * gap))
    of_arm = [np.where(s.arm == 1, 1.0 - eta, -eta) * f.in_pairs(gap) for f in CALIBRATION_FUNCTIONS.values()]
    if s.design == "iid":
        p, q = file_order_pairs(s)
        pairs = [values[p] + values[q] for values in of_arm]
    else:
        index, pair = _within_prompts(s)
        count = np.bincount(pair * 2 + s.arm[index])
        shrunk = 1.0 / count[pair * 2 + s.arm[index]]
        pairs = [np.asarray(np.bincount(pair, values[index] * shrunk), dtype=float) for values in of_arm]
    if s.stopping != "anytime":
        shuffle = np.random.default_rng(0).permutation(pairs[0].size)
        pairs = [d[shuffle] for d in pairs]
    return pairs


def _within_prompts(s: Scores) -> tuple[Integers, Integers]:
    """Rows and the pair each belongs to: as many pairs a prompt as its smaller arm has rows."""
    rows, pair, start = [], [], 0
    for at in groups(s.prompt, len(s.prompts)):
        p, q = at[s.arm[at] == 0], at[s.arm[at] == 1]
        k = min(p.size, q.size)
        if k == 0:
            continue
        for own in (p, q):
            rows.append(own)
            pair.append(start + (np.arange(own.size) * k) // own.size)
        start += k
    require(start > 0, "prompt_id", "a prompt with rows of both arms", "none")
    return np.concatenate(rows), np.concatenate(pair)


def calibration(s: Scores, level: float = LEVEL / 2) -> list[Calibration]:
    """One test an equality, `level` split evenly; each capital is a martingale from 1 if the equality holds, at every number of rows.

    Stakes are predictable and tuned to the variance seen so far. A mistake is caught with probability above 0.99 where its
    standardised discrepancy (mean over standard error) exceeds 7 and the differences, which lie in [-1, 1], add up to more than 13.
    Below about 4 no equality of means can be refuted at 1e-3, however small the spread: an output too rare to have been seen could
    balance the sum. What one eta misses (an arm that is told too rarely wrong) a rival eta' predicts better: `rival`.
    """
    each = level / 2 / len(CALIBRATION_FUNCTIONS)
    out = []
    for f, d in zip(CALIBRATION_FUNCTIONS.values(), calibration_pairs(s), strict=True):
        n = d.size
        squares = np.cumsum(d * d)
        before = np.concatenate([[0.0], squares[:-1]]) + 1.0 / (n * n)
        stakes = np.minimum(np.sqrt(2 * math.log(2 / each) * np.arange(1, n + 1) / (before * n)), BOLDEST)
        highest = max(float(np.cumsum(np.log1p(sign * stakes * d)).max(initial=0.0)) for sign in (1.0, -1.0))
        out.append(Calibration(f.formula, float(d.mean()), highest - math.log(2.0), each))
    return [*out, rival(s, level / 2)]


def rival(s: Scores, level: float) -> Calibration:
    """Mean over `RIVALS` of the product of eta'(Z|X) / eta(Z|X), whose expectation is at most 1 if eta is exact.

    For a pair of one row of P and one of Q from the same prompts it is 4 a (1 - a) with a = E_M eta', whatever eta' is.
    """
    gap = s.gap
    if s.design == "iid":
        rows = np.concatenate(file_order_pairs(s))
    else:
        parts = []
        for at in groups(s.prompt, len(s.prompts)):
            p, q = at[s.arm[at] == 0], at[s.arm[at] == 1]
            parts += [p[: min(p.size, q.size)], q[: min(p.size, q.size)]]
        rows = np.concatenate(parts)
    side = np.where(s.arm[rows] == 1, 1.0, -1.0)
    own = np.clip(side * gap[rows], -1e6, 1e6)
    plain = np.logaddexp(0.0, -own)
    logs = np.array(
        [float(np.sum(plain - np.logaddexp(0.0, -(slope * own + offset * side)))) for slope, offset in RIVALS]
    )
    top = float(logs.max())
    log_mean = top + float(np.log(np.mean(np.exp(logs - top))))
    return Calibration("rival", top / max(rows.size, 1), log_mean, level)


def likely_mistake(s: Scores) -> str:
    """What the rows look like: a logistic fit Z ~ offset + slope * logit eta, which is (0, 1) for exact likelihoods."""
    gap = s.gap
    x = np.clip(gap, -40.0, 40.0)
    share = np.where(s.arm == 1, 0.5 / max(1, int((s.arm == 1).sum())), 0.5 / max(1, int((s.arm == 0).sum())))
    offset, slope = _logistic(x, s.arm.astype(float), share)
    if slope < -0.1:
        return "as if the arms or the columns were swapped (arm 0: P wrote the row)"
    length = float(s.tokens.mean()) if s.tokens is not None else math.nan
    if slope > 1.25:
        if length > 1.5 and 0.5 < slope / length < 2.0:
            return "per-token means where sums over the whole output belong"
        if abs(slope - 2.0) < 0.25:
            return "log-likelihoods 2 times too small, as if halved"
        return f"log-likelihoods {slope:.3g} times too small, as if they were per-token means or of another temperature"
    if abs(offset) > 0.1 and abs(slope - 1.0) < 0.5:
        return f"log_q - log_p off by {-offset:.2g} nats, as if a token or a normalisation were missing"
    if slope < 0.8:
        return (
            f"log-likelihoods {1 / max(slope, 0.01):.3g} times too large, as if of another temperature or summed twice"
        )
    return "as if other laws (weights, temperature, top-k, template) had written the rows"


def _logistic(x: Floats, z: Floats, weight: Floats) -> tuple[float, float]:
    beta = np.array([0.0, 0.0])
    columns = np.stack([np.ones(x.size), x])
    for _ in range(60):
        eta = 0.5 * (1.0 + np.tanh(0.5 * (beta @ columns)))
        gradient = columns @ (weight * (z - eta)) - 1e-9 * beta
        hessian = (columns * (weight * eta * (1 - eta))) @ columns.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-9:
            break
    return float(beta[0]), float(beta[1])


def refuse_one_model_twice(s: Scores) -> None:
    """Raise `ArgumentError` where both columns are equal although the file does not say that the arms are one model."""
    arms = s.metadata.get("arm_p"), s.metadata.get("arm_q")
    if bool(np.all(s.log_p == s.log_q)) and (arms[0] is None or arms[0] != arms[1]):
        raise ArgumentError(
            "log_p, log_q",
            "columns that differ (equal ones only where arm_p and arm_q name the same weights)",
            "equal on every row: one model scored as both arms",
        )


def refuse_contradictions(s: Scores, method: str) -> None:
    """Raise `ArgumentError` where the rows deny the assumptions of a certificate by `method`."""
    refuse_one_model_twice(s)
    refuse_miscalibration(s)
    denial = disagreement(s, method, LEVEL / 2)
    require(denial is None, "evidence", "numbers that agree with each other at level 1e-3", denial)


def _fault(function: str) -> str:
    return "other log-odds predict the arms better" if function == "rival" else f"E[(Z - eta) {function}] is not 0"


def refuse_miscalibration(s: Scores) -> None:
    """Raise `ArgumentError` where the likelihoods cannot be those of the laws that wrote the rows."""
    failures = [c for c in calibration(s) if c.refused]
    if failures:
        worst = max(failures, key=lambda c: c.log_e_value)
        raise ArgumentError(
            "log_p, log_q",
            "the log-likelihoods of the laws that wrote the rows",
            f"{likely_mistake(s)} (T31: {_fault(worst.function)}, e-value 1e{worst.log_e_value / math.log(10):.0f})",
        )


def disagreement(s: Scores, method: str, level: float) -> str | None:
    """The first disagreement between ends at `level` in all (a third for divergence, for total variation, for the ROC band)."""
    delta = level / 3
    ends = {}
    for kind, name in ((INFORMATION, "divergence"), (LEAN, "total variation")):
        low, high, value = unit_ends(s, method, kind, delta)
        if low > high:
            return f"the ends of the {name} cross ({low:.4g} above {high:.4g} of its range): the rows are not draws as the file states"
        if not low - 1e-9 <= value <= high + 1e-9:
            return f"the {name}'s estimate {value:.4g} lies outside its own interval [{low:.4g}, {high:.4g}] of its range: the rows are not draws as the file states"
        ends[kind] = (low, high)
    jsd = tuple(LN2 * x for x in ends[INFORMATION])
    variation = ends[LEAN]
    top = largest_variation(min(jsd[1], LN2))
    if variation[0] > top * (1 + 1e-9):
        return f"total variation at least {variation[0]:.4g}, but the divergence allows {top:.4g}"
    if jsd[0] > variation[1] * LN2 * (1 + 1e-9):
        return f"divergence at least {jsd[0]:.4g} nats, but total variation allows {variation[1] * LN2:.4g}"
    if not has_band(s):
        return None
    band = RocBandEnds(s, delta)
    ceiling = float(max_auc(min(jsd[1], LN2)))
    if band.auc[0] > ceiling * (1 + 1e-9):
        return f"a direct AUC of at least {band.auc[0]:.4g}, but the divergence allows {ceiling:.4g}"
    if band.auc[1] < 0.5 - 1e-9:
        return f"a direct AUC of at most {band.auc[1]:.4g} for the likelihood ratio, which is never below 1/2"
    above = band.low > band.grid
    over = np.flatnonzero(above & (binary_jsd(band.grid, np.where(above, band.low, band.grid)) > jsd[1] * (1 + 1e-9)))
    if over.size:
        k = int(over[0])
        most = largest_tpr(float(band.grid[k]), min(jsd[1], LN2))
        return f"a direct TPR of at least {band.low[k]:.4g} at FPR {band.grid[k]:.4g}, but the divergence allows {most:.4g}"
    return None


def has_band(s: Scores) -> bool:
    """May the rows be counted as they stand (T16)? Fixed numbers a prompt would count a prompt with many rows for more than its share."""
    return s.design == "iid"


def unit_ends(s: Scores, method: str, kind: str, delta: float) -> tuple[float, float, float]:
    """Lower and upper end (not sorted) and estimate of a mean term in [0, 1], from all rows by one method, each side at delta/2."""
    gap = s.log_q - s.log_p
    w = weights(s)
    y = unit_term(kind, gap, s.arm)
    value = float(np.mean(y * w.relative())) * w.top
    if method == "order-free":
        t = make_terms(kind, gap, s.arm, w.cells)
        return order_free_end(t, delta, "lower") * t.top, min(order_free_end(t, delta, "upper") * t.top, 1.0), value
    if method == "hoeffding":
        half = hoeffding_half(y.size, float(np.sum((w.relative() * w.top) ** 2)), delta)
        return value - half, value + half, value
    p, q = file_order_pairs(s)
    sample = 0.5 * (y[p] + y[q])
    value = float(sample.mean())
    if method == "maurer-pontil":
        half = maurer_pontil_half(sample, delta)
        return value - half, value + half, value
    anytime = method == "betting-anytime"
    return betting_end(sample, delta, "lower", anytime), betting_end(sample, delta, "upper", anytime), value


class RocBandEnds:
    """The optimal detector's ROC curve in DKW bands (T16), not assuming an area of at least 1/2."""

    def __init__(self, s: Scores, delta: float) -> None:
        gap = s.gap
        p, q = np.sort(gap[s.arm == 0]), np.sort(gap[s.arm == 1])
        self.radii = tuple(math.sqrt(math.log(4 / delta) / (2 * x.size)) for x in (p, q))
        cuts = np.unique(gap)[::-1]
        self.fpr = np.append(0.0, 1.0 - np.searchsorted(p, cuts) / p.size)
        self.tpr = np.append(0.0, 1.0 - np.searchsorted(q, cuts) / q.size)
        self.grid = np.linspace(0.0, 1.0, 513)
        self.low, self.high = self.at(self.grid)
        self.estimate = float(np.trapezoid(self.tpr, self.fpr))
        self.auc = (float(self.low[:-1].mean()), min(1.0, float(self.high[1:].mean())))

    def at(self, fpr: Floats) -> tuple[Floats, Floats]:
        """Lower and upper curve at any rates."""
        e_p, e_q = self.radii
        high = np.minimum(np.interp(np.minimum(fpr + e_p, 1.0), self.fpr, self.tpr) + e_q, 1.0)
        low = np.maximum(np.interp(np.maximum(fpr - e_p, 0.0), self.fpr, self.tpr) - e_q, 0.0)
        return np.where(fpr < e_p, 0.0, low), high
