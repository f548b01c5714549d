"""From evidence files to a `Certificate`: the numbers, each rounded to its safe side. `mari check` re-derives all of them."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mari_theory
from estimators.bounded_means import INTERVALS
from estimators.exact import LawEnds, law_ends
from estimators.intervals import ClopperPearson
from estimators.likelihood_ratio import information_terms, ratio_roc
from estimators.order_free import OrderFree
from estimators.pooled import UPPER_BOUNDS, certify_pooled
from mari_theory.calibration import gibbs_terms
from mari_theory.certificates import rules, words
from mari_theory.certificates.arrangement import (
    SAMPLED,
    Weights,
    file_order_pairs,
    groups,
    require_method,
    unit_weights,
    weights,
)
from mari_theory.certificates.capital import CLIP, GIBBS, RANGE
from mari_theory.certificates.ceilings import ceilings
from mari_theory.certificates.certificate import (
    ROOM_AT,
    Certificate,
    Direct,
    Ends,
    Implies,
    Levels,
    Request,
    Roc,
    Room,
    Units,
    verdict_for,
)
from mari_theory.certificates.contradictions import has_band, refuse_contradictions
from mari_theory.certificates.files import (
    Codes,
    Scores,
    kind_of,
    read_options,
    read_pool,
    read_scores,
    row_digest,
    sha256,
)
from mari_theory.errors import require, require_fraction
from mari_theory.localisation import prompts_with_room

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
OUTWARD = 1e-12
"""Numbers that the checker recomputes in floats are rounded outwards by this."""


def certify_files(
    files: Sequence[Path],
    confidence: float = 0.95,
    margin: float = 0.01,
    interval: str | None = None,
    pair: str | None = None,
    *,
    population: str = "these-prompts",
    simultaneous: bool = False,
    trust: str = "likelihoods",
    owner: str | None = None,
    prompt: str | None = None,
) -> Certificate:
    """Certificate for score files of one pair, or for one option file or one pool file.

    `interval`: for score files `order-free` (default; any order, any composition), `hoeffding`, and, where the file says that its rows
    were drawn at random, `betting`, `betting-anytime`, `maurer-pontil`; for pool files `pooled-fast-rate` (default) or
    `pooled-bounded-differences`; laws in option files and complete sets are exact. `population`: `these-prompts`, or `prompts-like-these`
    with the owner as unit. `simultaneous`: all numbers hold at once. `trust="none"`: a lower end that believes no likelihood (T31).
    `owner`, `prompt`: a certificate about one owner or one prompt alone, named before looking.

    Units nats. Raises `ArgumentError` in one line on any fault of the files, on evidence that contradicts itself, on files that differ.
    """
    require_fraction("confidence", confidence)
    require(_is_number(margin) and margin >= 0, "margin", "a number at least 0", margin)
    require(population in words.POPULATIONS, "population", " or ".join(words.POPULATIONS), population)
    require(trust in words.TRUST, "trust", " or ".join(words.TRUST), trust)
    require(pair is None or pair in words.PAIRS, "--pair", " or ".join(words.PAIRS), pair)
    require(len(files) > 0, "files", "at least one evidence file", "none")
    paths = [Path(f) for f in files]
    kinds = [kind_of(f) for f in paths]
    require(len(set(kinds)) == 1, "files", "files of one kind", sorted(set(kinds)))
    kind = kinds[0]

    def request(method: str, stated: object) -> Request:
        asked = {
            "method": method,
            "confidence": float(confidence),
            "margin": float(margin),
            "population": population,
            "simultaneous": simultaneous,
            "trust": trust,
            "pair": None if stated else pair,
            "owner": owner,
            "prompt": prompt,
        }
        require(not stated or pair in (None, stated), "--pair", f"{stated}, as the file says", pair)
        return Request.model_validate(asked)

    if kind == "score":
        method = "order-free" if interval is None else interval
        require(method in SAMPLED, "interval", ", ".join(SAMPLED), method)
        s = read_scores(*paths).only(owner, prompt)
        parts = _of_scores(s, request(method, s.metadata.get("pair")))
    else:
        require(len(paths) == 1, "files", f"one {kind} file", len(paths))
        require(population == "these-prompts", "population", f"these-prompts for a file of kind {kind}", population)
        require(trust == "likelihoods", "trust", f"likelihoods for a file of kind {kind}", trust)
        whole = kind == "option" or (owner is None and prompt is None)
        require(whole, "owner, prompt", "nothing for a pool file, which averages over all", (owner, prompt))
        make = _of_options if kind == "option" else _of_pool
        parts = make(paths[0], interval, request)
    return parts.certificate(paths, kind)


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


class Parts:
    """The numbers of one certificate, before its words."""

    def __init__(self, request: Request, said: rules.Words, metadata: dict[str, object], n: int) -> None:
        self.request, self.words, self.metadata, self.n = request, said, metadata, n
        self.prompts = self.owner_count = 0
        self.exact = False
        self.present: tuple[str, ...] = ()
        self.jsd = (0.0, 0.0, LN2)  # estimate, lower, upper
        self.total_variation: Ends | None = None
        self.auc: Ends | None = None
        self.roc: Roc | None = None
        self.roc_upper: Callable[[float], float] | None = None
        self.owners: Units | None = None
        self.by_prompt: Units | None = None
        self.room = False

    def certificate(self, paths: Sequence[Path], kind: str) -> Certificate:
        """All of it."""
        r, w = self.request, self.words
        estimate, lower, upper = self.jsd
        level = rules.levels(r, self.present)
        refuted = self.metadata.get("refuted_by")
        verdict = None
        if w.no_verdict is None or refuted:
            verdict = verdict_for((lower, upper), r.margin, self.owners, bool(refuted))
        implied = ceilings(
            upper,
            self.total_variation.upper if self.total_variation else None,
            self.roc_upper,
            self.auc.upper if self.auc else None,
        )
        room = None
        if self.room:
            room = Room(
                prompts=self.prompts,
                at_ln2=prompts_with_room(upper, self.prompts, LN2),
                at_margin=prompts_with_room(upper, self.prompts, min(r.margin, LN2)) if r.margin > 0 else None,
                at_0_1=prompts_with_room(upper, self.prompts, ROOM_AT),
            )
        return Certificate.model_validate(
            {
                "request": r,
                "claim": {
                    "pair": w.pair,
                    "quantity": "jensen-shannon-divergence",
                    "unit": "nats",
                    "access": w.access,
                    "population": r.population,
                    "method": r.method,
                    "theorem": w.theorem,
                    "confidence": 1.0 - level["divergence"],
                    "n": self.n,
                    "prompts": self.prompts,
                    "owners": self.owner_count,
                    "estimate": estimate,
                    "lower": lower,
                    "upper": upper,
                },
                "rests_on": w.rests_on,
                "direct": Direct(total_variation=self.total_variation, auc=self.auc, roc=self.roc),
                "room": room,
                "owners": self.owners,
                "prompts": self.by_prompt,
                "implies": Implies.model_validate(implied),
                "levels": Levels(**level),
                "verdict": verdict,
                "no_verdict": None if verdict else w.no_verdict,
                "refuted_by": refuted,
                "assumptions": w.assumptions,
                "errors": {"rounding" if self.exact else "statistical": upper - (lower if self.exact else estimate)},
                "metadata": self.metadata,
                "evidence": tuple(
                    {
                        "file": f.name,
                        "kind": kind,
                        "sha256": sha256(f),
                        "rows_digest": row_digest(f),
                        "bytes": f.stat().st_size,
                    }
                    for f in paths
                ),
                "versions": {
                    "mari": mari_theory.__version__,
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
            }
        )


def _of_scores(s: Scores, request: Request) -> Parts:
    require_method(s, request.method)
    clusters, trusted = request.population == "prompts-like-these", request.trust == "likelihoods"
    if clusters:
        named = (request.owner, request.prompt)
        require(named == (None, None), "owner, prompt", "nothing for prompts like these", named)
        require(
            request.method == "order-free",
            "interval",
            "order-free for prompts like these (the owner is the unit)",
            request.method,
        )
    if trusted:
        refuse_contradictions(s, request.method)
    p = Parts(request, rules.score_words(s, request), s.metadata, int(s.arm.size))
    owner, owners = rules.owners_of(s.cluster, s.clusters, s.prompt, s.prompts)
    p.prompts, p.owner_count = len(s.prompts), len(owners)
    y, lean = information_terms(s.log_p, s.log_q)
    y /= LN2
    np.minimum(y, 1.0, out=y)
    units = unit_weights(s, owner, len(owners))

    def average(unit: Floats, part: str, low: float, high: float, top: float) -> tuple[float, float, float]:
        delta = rules.level_of(request, part)
        made = _cluster_interval(unit, units, delta) if clusters else _interval(s, unit, request.method, delta)
        estimate = low + (high - low) * made[0]
        span = high - low
        return estimate, min(max(low + span * made[1] - 4e-16, 0.0), top), min(low + span * made[2] + 4e-16, top)

    present = ["divergence"]
    if trusted:
        p.jsd = average(y, "divergence", 0.0, LN2, LN2)
        estimate, lower, upper = average(lean, "total_variation", 0.0, 1.0, 1.0)
        p.total_variation = Ends(estimate=min(estimate, 1.0), lower=lower, upper=upper)
        present.append("total_variation")
        if not clusters:
            p.room = True
            if has_band(s):
                _add_roc(p, s)
                present.append("roc")
        if s.stopping != "anytime":
            p.owners = _units(s, y, units, owner, owners, request, "owners", clusters)
            present.append("owners")
            if not clusters:
                by_prompt = unit_weights(s, s.prompt, len(s.prompts))
                p.by_prompt = _units(s, y, by_prompt, s.prompt, s.prompts, request, "prompts", False)
                present.append("prompts")
    else:
        cut = np.clip(s.gap, -CLIP, CLIP)
        low, high = RANGE[GIBBS]
        terms = gibbs_terms(np.minimum(-cut, 0.0), np.minimum(cut, 0.0), s.arm)
        estimate, lower, _ = average(np.clip((terms - low) / (high - low), 0.0, 1.0), "divergence", low, high, LN2)
        p.jsd = (estimate, lower, LN2)
    p.present = tuple(present)
    return p


def _interval(s: Scores, unit: Floats, method: str, delta: float) -> tuple[float, float, float]:
    """Estimate, lower and upper end of a mean term in [0, 1]."""
    if method in ("order-free", "hoeffding"):
        w = weights(s)
        terms = unit * w.relative()
        value = float(terms.mean()) * w.top
        if method == "order-free":
            made = OrderFree().interval(terms, 1.0 - delta)
            low, high = w.top * made.lower * (1 - 4e-16), w.top * made.upper * (1 + 4e-16)
        else:
            half = math.sqrt(math.log(2 / delta) * float(np.sum((w.relative() * w.top) ** 2)) / 2) / unit.size
            low, high = value - half - OUTWARD, value + half + OUTWARD
    else:
        p, q = file_order_pairs(s)
        pairs = 0.5 * (unit[p] + unit[q])
        value = float(pairs.mean())
        found = INTERVALS[method].interval(pairs, 1.0 - delta)
        low, high = (
            found.lower - (OUTWARD if method == "maurer-pontil" else 0.0),
            found.upper + (OUTWARD if method == "maurer-pontil" else 0.0),
        )
    low, high = max(low, 0.0), min(high, 1.0)
    return (value, low, high) if low <= value <= high else (value, 0.0, 1.0)


def _cluster_interval(unit: Floats, units: Sequence[Weights | None], delta: float) -> tuple[float, float, float]:
    means = np.array([float(np.sum(unit[w.rows] / (2.0 * w.cells))) for w in units if w is not None])
    require(means.size > 0, "cluster_id", "an owner with rows of both arms", "none")
    means = np.clip(means, 0.0, 1.0)
    made = OrderFree().interval(means, 1.0 - delta)
    value = float(means.mean())
    return (value, made.lower, made.upper) if made.lower <= value <= made.upper else (value, 0.0, 1.0)


def _units(
    s: Scores,
    unit: Floats,
    units: Sequence[Weights | None],
    codes: Codes,
    names: tuple[str, ...],
    request: Request,
    part: str,
    population: bool,
) -> Units:
    """Owners or prompts one by one, order-free: upper ends each at half the level, lower ends by averaged e-values (T32)."""
    delta, margin = rules.level_of(request, part), request.margin
    free = OrderFree()
    terms = [None if w is None else unit[w.rows] * w.relative() for w in units]
    tops = [1.0 if w is None else w.top for w in units]

    capitals = [None if t is None else free.log_e_values(t, 1.0 - delta) for t in terms]
    mirrored = [None if t is None else free.log_e_values(1.0 - t, 1.0 - delta) for t in terms]
    bar = math.log(2.0 / delta) + 1e-9 * (1 + math.log(s.arm.size))

    def within(j: int, nats: float) -> bool:
        """Is the upper end of unit j at or below `nats`?"""
        capital, room = mirrored[j], nats / LN2 / tops[j]
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
    if population:
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


def _add_roc(p: Parts, s: Scores) -> None:
    gap = s.gap
    delta = rules.level_of(p.request, "roc")
    band, auc, interval = ratio_roc(gap[s.arm == 0], gap[s.arm == 1], 1.0 - delta)
    p.auc = Ends(estimate=auc, lower=max(0.5, interval.lower - OUTWARD), upper=min(1.0, interval.upper + OUTWARD))
    at = slice(None, None, 8)
    p.roc = Roc(
        fpr=tuple(map(float, band.fpr[at])),
        tpr=tuple(float(min(x, 1.0)) for x in band.tpr[at]),
        tpr_low=tuple(float(max(x - OUTWARD, 0.0)) for x in band.tpr_low[at]),
        tpr_high=tuple(float(min(x + OUTWARD, 1.0)) for x in band.tpr_high[at]),
    )
    p.roc_upper = lambda fpr: min(1.0, band.upper_at(fpr) + OUTWARD)


def _of_options(path: Path, interval: str | None, request: Callable[[str, object], Request]) -> Parts:
    require(interval in (None, "exact-laws"), "interval", "exact-laws for an option file", interval)
    o = read_options(path)
    asked = request("exact-laws", o.metadata.get("pair"))
    o = o.only(asked.owner, asked.prompt)
    p = Parts(asked, rules.option_words(o, asked), o.metadata, len(o.laws))
    p.exact, p.room = True, True
    ends = law_ends(o)
    owner, owners = rules.owners_of(o.cluster, o.clusters, np.arange(len(o.prompts)), o.prompts)
    p.prompts, p.owner_count = len(o.prompts), len(owners)
    p.jsd = ends.average("divergence", np.arange(len(o.prompts)), LN2)
    estimate, lower, upper = ends.average("total_variation", np.arange(len(o.prompts)), 1.0)
    p.total_variation = Ends(estimate=estimate, lower=lower, upper=upper)
    p.owners = _exact_units(ends, owner, owners, asked.margin)
    p.by_prompt = _exact_units(ends, np.arange(len(o.prompts)), o.prompts, asked.margin)
    return p


def _exact_units(ends: LawEnds, codes: Codes, names: tuple[str, ...], margin: float) -> Units:
    found = [ends.average("divergence", rows, LN2) for rows in groups(codes, len(names))]
    lows, highs = np.array([f[1] for f in found]), np.array([f[2] for f in found])
    return Units(
        count=len(names),
        confidence=1.0,
        worst_upper=float(highs.max()),
        worst_upper_at=names[int(highs.argmax())],
        worst_lower=float(lows.max()),
        above_margin=tuple(n for n, a in zip(names, lows, strict=True) if a - 1e-9 > margin),
        within_margin=int(np.sum(highs + 1e-9 <= margin)),
        share_beyond=None,
        fewest_rows=None,
        pairs_needed=None,
    )


def _of_pool(path: Path, interval: str | None, request: Callable[[str, object], Request]) -> Parts:
    pool = read_pool(path)
    complete = pool.metadata.get("finite_population", False)
    require(isinstance(complete, bool), f"{path.name}, finite_population", "true or false", complete)
    name = "pooled-fast-rate" if interval is None else interval
    require(name in UPPER_BOUNDS, "interval", f"{', '.join(UPPER_BOUNDS)} for a pool file", name)
    asked = request("finite-population" if complete else name, pool.metadata.get("pair"))
    p = Parts(asked, rules.pool_words(pool, asked), pool.metadata, pool.n + pool.m)
    p.exact = bool(complete)
    independent = rules.arms_independent(pool)
    if name == "pooled-bounded-differences" and not complete:
        require(independent, "interval", "pooled-fast-rate for a pool that does not say arms: independent", name)
    level = 1.0 - rules.level_of(asked, "divergence")
    made = certify_pooled(
        pool.p_mean,
        pool.q_mean,
        pool.n,
        pool.m,
        level,
        p.exact,
        UPPER_BOUNDS[name],
        arms_independent=independent or p.exact,
    )
    p.present = () if p.exact else ("divergence",)
    p.jsd = (made.value, made.interval.lower, min(made.interval.upper, LN2))
    return p
