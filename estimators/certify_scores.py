"""From rows of score files to the numbers of a certificate, each rounded to its safe side (T15, T16, T31, T32)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from estimators.bounded_means import INTERVALS
from estimators.certificate_numbers import OUTWARD, CertificateNumbers
from estimators.intervals import ClopperPearson
from estimators.likelihood_ratio import information_terms, ratio_roc
from estimators.order_free import OrderFree
from mari_theory.calibration import gibbs_terms
from mari_theory.certificates import rules
from mari_theory.certificates.arrangement import Weights, file_order_pairs, require_method, unit_weights, weights
from mari_theory.certificates.capital import CLIP, GIBBS, RANGE
from mari_theory.certificates.certificate import Ends, Request, Roc, Units
from mari_theory.certificates.contradictions import has_band, refuse_contradictions
from mari_theory.certificates.scores import Scores
from mari_theory.errors import require
from mari_theory.units import LN2, Floats, Integers


def numbers_of_scores(s: Scores, request: Request) -> CertificateNumbers:
    """Ends of the average, of total variation and of the ROC curve, and the worst owner and prompt, as far as design and trust allow."""
    require_method(s, request.method)
    clusters, trusted = request.population == "prompts-like-these", request.trust == "likelihoods"
    if clusters:
        subject = (request.owner, request.prompt)
        require(subject == (None, None), "owner, prompt", "nothing for prompts like these", subject)
        require(
            request.method == "order-free",
            "interval",
            "order-free for prompts like these (the owner is the unit)",
            request.method,
        )
    if trusted:
        refuse_contradictions(s, request.method)
    words = rules.score_words(s, request)
    owner, owners = rules.owners_of(s.cluster, s.clusters, s.prompt, s.prompts)
    y, lean = information_terms(s.log_p, s.log_q)
    y /= LN2
    np.minimum(y, 1.0, out=y)
    units = unit_weights(s, owner, len(owners))

    def average(unit: Floats, part: str, low: float, high: float, top: float) -> tuple[float, float, float]:
        delta = rules.level_of(request, part)
        ends = _cluster_interval(unit, units, delta) if clusters else _interval(s, unit, request.method, delta)
        estimate = low + (high - low) * ends[0]
        span = high - low
        return estimate, min(max(low + span * ends[1] - 4e-16, 0.0), top), min(low + span * ends[2] + 4e-16, top)

    common = CertificateNumbers(
        request=request,
        words=words,
        metadata=s.metadata,
        files=s.files,
        n=int(s.arm.size),
        prompts=len(s.prompts),
        owners=len(owners),
        present=("divergence",),
        jsd=(0.0, 0.0, LN2),
    )
    if not trusted:
        gap = np.clip(s.gap, -CLIP, CLIP)
        low, high = RANGE[GIBBS]
        terms = gibbs_terms(np.minimum(-gap, 0.0), np.minimum(gap, 0.0), s.arm)
        estimate, lower, _ = average(np.clip((terms - low) / (high - low), 0.0, 1.0), "divergence", low, high, LN2)
        return replace(common, jsd=(estimate, lower, LN2))
    jsd = average(y, "divergence", 0.0, LN2, LN2)
    estimate, lower, upper = average(lean, "total_variation", 0.0, 1.0, 1.0)
    variation = Ends(estimate=min(estimate, 1.0), lower=lower, upper=upper)
    present = ["divergence", "total_variation"]
    numbers = replace(common, jsd=jsd, total_variation=variation, has_room=not clusters)
    if not clusters and has_band(s):
        numbers = _with_roc(numbers, s)
        present.append("roc")
    if s.stopping != "anytime":
        numbers = replace(numbers, by_owner=_units(s, y, units, (owner, owners), request, "owners"))
        present.append("owners")
        if not clusters:
            by_prompt = unit_weights(s, s.prompt, len(s.prompts))
            codes = (s.prompt, s.prompts)
            numbers = replace(numbers, by_prompt=_units(s, y, by_prompt, codes, request, "prompts"))
            present.append("prompts")
    return replace(numbers, present=tuple(present))


def _interval(s: Scores, unit: Floats, method: str, delta: float) -> tuple[float, float, float]:
    """Estimate, lower and upper end of a mean term in [0, 1]."""
    if method in ("order-free", "hoeffding"):
        w = weights(s)
        terms = unit * w.relative()
        value = float(terms.mean()) * w.top
        if method == "order-free":
            ends = OrderFree().interval(terms, 1.0 - delta)
            low, high = w.top * ends.lower * (1 - 4e-16), w.top * ends.upper * (1 + 4e-16)
        else:
            half = math.sqrt(math.log(2 / delta) * float(np.sum((w.relative() * w.top) ** 2)) / 2) / unit.size
            low, high = value - half - OUTWARD, value + half + OUTWARD
    else:
        p, q = file_order_pairs(s)
        pairs = 0.5 * (unit[p] + unit[q])
        value = float(pairs.mean())
        ends = INTERVALS[method].interval(pairs, 1.0 - delta)
        low, high = (
            ends.lower - (OUTWARD if method == "maurer-pontil" else 0.0),
            ends.upper + (OUTWARD if method == "maurer-pontil" else 0.0),
        )
    low, high = max(low, 0.0), min(high, 1.0)
    return (value, low, high) if low <= value <= high else (value, 0.0, 1.0)


def _cluster_interval(unit: Floats, units: Sequence[Weights | None], delta: float) -> tuple[float, float, float]:
    means = np.array([float(np.sum(unit[w.rows] / (2.0 * w.cells))) for w in units if w is not None])
    require(means.size > 0, "cluster_id", "an owner with rows of both arms", "none")
    means = np.clip(means, 0.0, 1.0)
    ends = OrderFree().interval(means, 1.0 - delta)
    value = float(means.mean())
    return (value, ends.lower, ends.upper) if ends.lower <= value <= ends.upper else (value, 0.0, 1.0)


def _units(
    s: Scores,
    unit: Floats,
    units: Sequence[Weights | None],
    labels: tuple[Integers, tuple[str, ...]],
    request: Request,
    part: str,
) -> Units:
    """Owners or prompts one by one, order-free: upper ends each at half the level, lower ends by averaged e-values (T32)."""
    (codes, names), delta, margin = labels, rules.level_of(request, part), request.margin
    free = OrderFree()
    terms = [None if w is None else unit[w.rows] * w.relative() for w in units]
    tops = [1.0 if w is None else w.top for w in units]

    capitals = [None if t is None else free.log_e_values(t, 1.0 - delta) for t in terms]
    mirrored_capitals = [None if t is None else free.log_e_values(1.0 - t, 1.0 - delta) for t in terms]
    bar = math.log(2.0 / delta) + 1e-9 * (1 + math.log(s.arm.size))

    def within(j: int, nats: float) -> bool:
        """Is the upper end of unit j at or below `nats`?"""
        capital, room = mirrored_capitals[j], nats / LN2 / tops[j]
        return nats >= LN2 or (nats > 0 and capital is not None and (room >= 1.0 or capital(1.0 - room) >= bar))

    def log_e(nats: float) -> Floats:
        return np.array([0.0 if k is None else k(nats / LN2 / top) for k, top in zip(capitals, tops, strict=True)])

    # Only a unit that exceeds the worst before it is searched.
    worst, at = 0.0, 0
    for j, (t, top) in enumerate(zip(terms, tops, strict=True)):
        if not within(j, worst):
            end = LN2 if t is None else LN2 * top * free.interval(t, 1.0 - delta).upper * (1 + 1e-15)
            worst, at = min(LN2, end), j

    # Units without weight at the end found so far have less at a larger one.
    sets = [(k, top) for k, top in zip(capitals, tops, strict=True) if k is not None]
    least = (2.0 / delta) * (1 + 1e-9) * len(names)

    def shares(nats: float) -> Floats:
        return np.array([math.exp(min(k(nats / LN2 / top), 600.0)) for k, top in sets])

    worst_lower = 0.0
    if float(shares(1e-12).sum()) >= least:
        low, high = 1e-12, LN2
        for _ in range(34):
            middle = 0.5 * (low + high)
            e = shares(middle)
            if float(e.sum()) < least:
                high = middle
                continue
            low, sets = middle, [x for x, share in zip(sets, e, strict=True) if share >= 1e-9 / delta]
        worst_lower = low
    inside = sum(within(j, margin) for j in range(len(names)))
    share = None
    if part == "owners" and request.population == "prompts-like-these":
        beyond = len(names) - inside
        top = ClopperPearson().counts(beyond, len(names), 1.0 - delta).upper / (1.0 - delta / 2)
        share = min(top * (1 + 1e-15), 1.0)
    return Units(
        count=len(names),
        confidence=1.0 - delta,
        worst_upper=worst,
        worst_upper_at=names[at],
        worst_lower=worst_lower,
        above_margin=tuple(names[j] for j in rules.certainly_above(log_e(margin) - 1e-9, delta)),
        within_margin=inside,
        share_beyond=share,
        fewest_rows=int(np.bincount(codes, minlength=len(names)).min()),
        pairs_needed=rules.pairs_needed(margin, delta),
    )


def _with_roc(numbers: CertificateNumbers, s: Scores) -> CertificateNumbers:
    gap = s.gap
    delta = rules.level_of(numbers.request, "roc")
    band, auc, interval = ratio_roc(gap[s.arm == 0], gap[s.arm == 1], 1.0 - delta)
    at = slice(None, None, 8)
    return replace(
        numbers,
        auc=Ends(estimate=auc, lower=max(0.5, interval.lower - OUTWARD), upper=min(1.0, interval.upper + OUTWARD)),
        roc=Roc(
            fpr=tuple(map(float, band.fpr[at])),
            tpr=tuple(float(min(x, 1.0)) for x in band.tpr[at]),
            tpr_low=tuple(float(max(x - OUTWARD, 0.0)) for x in band.tpr_low[at]),
            tpr_high=tuple(float(min(x + OUTWARD, 1.0)) for x in band.tpr_high[at]),
        ),
        roc_upper=lambda fpr: min(1.0, band.upper_at(fpr) + OUTWARD),
    )
