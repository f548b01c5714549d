"""Arms with known likelihoods: certified JSD, total variation and ROC from sampled outputs (T15, T16)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer
from numpy.typing import NDArray

from estimators.intervals import DKW, Betting, BoundedMean, Hoeffding
from estimators.order_free import OrderFree
from estimators.results import Certified, Interval
from mari_theory.certificates.files import check_likelihoods
from mari_theory.errors import require, require_fraction
from mari_theory.shown import Shown
from mari_theory.units import LN2, Floats

DESIGNS = ("iid", "independent")

ASSUMPTIONS = (
    "log_p and log_q are the exact log-likelihoods under the sampling laws",
    "within an arm, rows are independent draws from the same law (prompt drawn at random, then the output)",
    "the quantity is the divergence for these prompts, one output seen with its prompt",
)
ANY_ORDER = "rows are independent draws from the arm they name, the prompts in the same proportions in both arms"


@dataclass(frozen=True)
class RocBand(Shown):
    """Certified band around the optimal ROC curve: at each fpr, tpr_low <= ROC <= tpr_high (T16)."""

    fpr: Floats
    """False positive rates, rising."""
    tpr: Floats
    """Empirical curve."""
    tpr_low: Floats
    """Lower curve."""
    tpr_high: Floats
    """Upper curve."""
    radius_p: float
    """Half width along P's axis."""
    radius_q: float
    """Half width along Q's axis."""
    confidence: float
    """Probability that the whole curve lies inside."""
    empirical: tuple[Floats, Floats]
    """The observed curve, rates of both arms at every threshold."""

    def upper_at(self, fpr: float) -> float:
        """Upper end of the TPR at any false positive rate, without the grid."""
        return min(float(np.interp(min(fpr + self.radius_p, 1.0), *self.empirical)) + self.radius_q, 1.0)


@dataclass(frozen=True)
class LikelihoodRatioResult(Shown):
    """JSD, total variation and AUC of the likelihood-ratio detector; each holds at its own confidence."""

    jsd: Certified
    """Divergence, nats."""
    total_variation: Certified
    """Total variation."""
    auc: Certified
    """Area under the optimal detector's curve."""
    roc: RocBand
    """That curve in its band."""

    def __str__(self) -> str:
        return f"{self.jsd}\n{self.total_variation}\n{self.auc}"


def information_terms(log_p: Floats, log_q: Floats) -> tuple[Floats, Floats]:
    """Y = ln 2 - h(eta) in [0, ln 2] with mean JSD, and |2 eta - 1| in [0, 1] with mean TV (T15).

    >>> y, t = information_terms(np.array([0.0, -1.0]), np.array([-np.inf, -1.0]))
    >>> y.tolist() == [LN2, 0.0], t.tolist()
    (True, [1.0, 0.0])
    """
    # Beyond 80 nats the term is ln 2 to the last digit; below, the two parts cancel 2 to 1 at most.
    half = 0.5 * np.minimum(np.abs(log_q - log_p), 80.0)
    lean, spread = np.tanh(half), np.sinh(half)
    y = lean * half
    np.multiply(spread, spread, out=spread)
    y -= 0.5 * np.log1p(spread)
    return np.clip(y, 0.0, LN2, out=y), lean


def check_scores(log_p: Floats, log_q: Floats, arm: NDArray[np.integer]) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """The same for a whole sample, which needs rows of both arms."""
    lp, lq, arms = check_likelihoods(log_p, log_q, arm)
    for own in (0, 1):
        require(bool(np.any(arms == own)), "arm", "rows of both arms (0 and 1)", f"no row of arm {own}")
    return lp, lq, arms


def certify_likelihood_ratio(
    log_p: Float[np.ndarray, " n"],
    log_q: Float[np.ndarray, " n"],
    arm: Integer[np.ndarray, " n"],
    confidence: float = 0.95,
    interval: BoundedMean | None = None,
    design: str | None = None,
) -> LikelihoodRatioResult:
    r"""Certified JSD, TV and optimal ROC between two arms with known likelihoods (T15, T16).

    .. math:: E_M[\ln 2 - h(\eta(X))] = JSD(P, Q), \quad E_M |2 \eta - 1| = TV(P, Q)

    Without a stated design the order of the rows does not matter: independent terms, each arm with half the weight whatever its size,
    `OrderFree`. With `design="iid"` (rows of an arm drawn afresh one after another, prompts included) the i-th row of arm 0 and the
    i-th of arm 1 are averaged into one term and `Betting` is the default; rows of the larger arm beyond the smaller one are then not
    used for JSD and TV.

    Parameters
    ----------
    log_p, log_q : whole-output log-likelihoods in nats under both arms; `-inf` allowed on the other arm's rows.
    arm : 0 where P generated the row, 1 where Q did.
    interval : a bounded-mean interval; without `design="iid"` only `Hoeffding` and `OrderFree` are valid.
    design : `iid` or `independent` (the same as None: rows that need not be identically distributed, the prompts in the same
        proportions in both arms). Files go through `certify_files`, which reads the prompts and tests what it can.

    Returns `LikelihoodRatioResult`, units nats. Raises `ArgumentError` on NaN, values above 0, an empty arm, a row that
    its own arm cannot generate. Every number holds at `confidence` by itself; all together at 1 - 3(1 - confidence).

    >>> rng = np.random.default_rng(0)
    >>> arm = np.repeat([0, 1], 500)
    >>> x = rng.random(1000) < np.where(arm == 0, 0.3, 0.4)
    >>> r = certify_likelihood_ratio(np.log(np.where(x, 0.3, 0.7)), np.log(np.where(x, 0.4, 0.6)), arm)
    >>> 0.0055 in r.jsd.interval
    True
    """
    require_fraction("confidence", confidence)
    require(design is None or design in DESIGNS, "design", " or ".join(DESIGNS), design)
    drawn = design == "iid"
    method = (Betting() if drawn else OrderFree()) if interval is None else interval
    fits = drawn or isinstance(method, (Hoeffding, OrderFree))
    require(fits, "interval", 'hoeffding or order-free, unless design="iid" is stated', method.name)
    lp, lq, arms = check_scores(log_p, log_q, arm)
    y, t = information_terms(lp, lq)
    of_p, of_q = np.flatnonzero(arms == 0), np.flatnonzero(arms == 1)
    pairs = min(of_p.size, of_q.size)
    own = np.where(arms == 0, of_p.size, of_q.size)
    # Each arm counts half: weights relative to the largest, whose range is `top` times that of a term.
    relative, top = pairs / own, arms.size / (2.0 * pairs)
    any_order = isinstance(method, (Hoeffding, OrderFree))

    def mean_interval(x: Floats, high: float) -> Interval:
        if not any_order:
            return method.interval(0.5 * (x[of_p[:pairs]] + x[of_q[:pairs]]), confidence, 0.0, high)
        return method.interval(np.minimum(x * relative * top, high * top), confidence, 0.0, high * top).clipped(
            0.0, high
        )

    def balanced_mean(x: Floats) -> float:
        return 0.5 * (float(x[of_p].mean()) + float(x[of_q].mean()))

    jsd_interval, tv_interval = _with(mean_interval(y, LN2), drawn), _with(mean_interval(t, 1.0), drawn)
    gap = np.clip(lq - lp, -1e300, 1e300)
    roc, auc, auc_interval = ratio_roc(gap[of_p], gap[of_q], confidence)
    n = int(arms.size)
    return LikelihoodRatioResult(
        Certified("Jensen-Shannon divergence", balanced_mean(y), jsd_interval, n, extra={"pairs": pairs}),
        Certified("total variation", balanced_mean(t), tv_interval, n, unit="probability"),
        Certified("AUC of the likelihood ratio", auc, auc_interval, n, unit="probability"),
        roc,
    )


def certify_path_information(
    path_information: Float[np.ndarray, " n"],
    arm: Integer[np.ndarray, " n"],
    longest: int,
    confidence: float = 0.95,
    interval: BoundedMean | None = None,
    *,
    log_p: Float[np.ndarray, " n"] | None = None,
    log_q: Float[np.ndarray, " n"] | None = None,
) -> Certified:
    r"""JSD of whole sequences from their exact per-token sums: T15 Rao-Blackwellised along the tokens (T11), in nats.

    .. math:: JSD = E_M \sum_t JSD_{w_t}(P(\cdot | X_{<t}), Q(\cdot | X_{<t})), \quad w_t = P(Z = 1 | X_{<t})

    Each token's divergence is computed, not sampled; only the path is random. `longest` is the largest possible number of tokens, so
    a term lies in [0, longest ln 2]. With `log_p` and `log_q`, `extra["variance_ratio"]` is the variance of these terms over that of
    ln 2 - h(eta) on the same rows: below 1 the interval gains. Raises `ArgumentError` on terms outside the range.

    >>> from mari_theory.families import MARKOV_PAIRS
    >>> chain, rng = MARKOV_PAIRS["two states"], np.random.default_rng(0)
    >>> x = np.concatenate([chain.sample(arm, 500, rng) for arm in (0, 1)])
    >>> log_p, log_q = chain.log_likelihoods(x)
    >>> e = certify_path_information(chain.path_information(x), np.repeat([0, 1], 500), 8, log_p=log_p, log_q=log_q)
    >>> chain.jsd() in e.interval and e.extra["variance_ratio"] < 0.5
    True
    """
    require_fraction("confidence", confidence)
    require(longest >= 1, "longest", "at least one token", longest)
    terms, arms = np.asarray(path_information, dtype=float), np.asarray(arm)
    same = terms.ndim == 1 and terms.shape == arms.shape
    require(same, "path_information, arm", "one-dimensional arrays of one length", (terms.shape, arms.shape))
    top = longest * LN2
    inside = bool(np.all((terms >= -1e-12) & (terms <= top * (1 + 1e-12))))
    require(inside, "path_information", f"values in [0, longest ln 2 = {top:.4f}]", "another value")
    of_p, of_q = np.flatnonzero(arms == 0), np.flatnonzero(arms == 1)
    require(min(of_p.size, of_q.size) > 0, "arm", "rows of both arms (0 and 1)", "one arm")
    pairs = min(of_p.size, of_q.size)

    def pair_means(x: Floats) -> Floats:
        return 0.5 * (x[of_p[:pairs]] + x[of_q[:pairs]])

    method = Betting() if interval is None else interval
    clipped_terms = np.clip(terms, 0.0, top)
    ends = method.interval(pair_means(clipped_terms), confidence, 0.0, top).clipped(0.0, LN2)
    extra: dict[str, float] = {"pairs": pairs}
    if log_p is not None and log_q is not None:
        plain = pair_means(information_terms(*check_scores(log_p, log_q, arms)[:2])[0])
        extra["variance_ratio"] = float(pair_means(clipped_terms).var() / max(plain.var(), 1e-300))
    value = 0.5 * (float(terms[of_p].mean()) + float(terms[of_q].mean()))
    assumption = (
        "every token's conditional laws under both arms are exact",
        "no output has more than `longest` tokens",
    )
    whole = Interval(
        ends.lower, ends.upper, confidence, ends.method, "T11", (*ASSUMPTIONS, *assumption, *ends.assumptions)
    )
    return Certified("Jensen-Shannon divergence", value, whole, int(terms.size), method="per-token", extra=extra)


def _with(x: Interval, drawn: bool) -> Interval:
    assumptions = ASSUMPTIONS if drawn else (ASSUMPTIONS[0], ANY_ORDER, ASSUMPTIONS[2])
    return Interval(x.lower, x.upper, x.confidence, x.method, "T15", (*assumptions, *x.assumptions))


def ratio_roc(p: Floats, q: Floats, confidence: float) -> tuple[RocBand, float, Interval]:
    """Band, AUC and its interval from the likelihood ratios of each arm's rows, in any order."""
    half = 1.0 - (1.0 - confidence) / 2
    e_p, e_q = DKW().radius(p.size, half), DKW().radius(q.size, half)
    p, q = np.sort(p), np.sort(q)
    cuts = np.unique(np.concatenate([p, q]))[::-1]
    fpr = np.concatenate([[0.0], 1.0 - np.searchsorted(p, cuts, "left") / p.size])
    tpr = np.concatenate([[0.0], 1.0 - np.searchsorted(q, cuts, "left") / q.size])
    auc = float(np.trapezoid(tpr, fpr))
    grid = np.linspace(0.0, 1.0, 513)
    high = np.minimum(np.interp(np.minimum(grid + e_p, 1.0), fpr, tpr) + e_q, 1.0)
    low = np.maximum(np.interp(np.maximum(grid - e_p, 0.0), fpr, tpr) - e_q, 0.0)
    low = np.where(grid < e_p, 0.0, np.maximum(low, 0.0))
    # Monotone curves: left sums of the lower and right sums of the upper curve bracket the areas.
    step = 1.0 / 512
    # The likelihood-ratio detector's area is never below 1/2.
    interval = Interval(
        max(0.5, float(low[:-1].sum()) * step),
        max(0.5, min(1.0, float(high[1:].sum()) * step)),
        confidence,
        "dkw",
        "T16",
        ASSUMPTIONS[:2],
    )
    band = RocBand(grid, np.interp(grid, fpr, tpr), low, high, e_p, e_q, confidence, (fpr, tpr))
    return band, auc, interval
