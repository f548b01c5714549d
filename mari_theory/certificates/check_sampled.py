"""Rebuilding a certificate over score files: ends of the average, owner by owner, prompt by prompt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mari_theory.certificates.arrangement import file_order_pairs, groups, require_method, unit_weights, weights
from mari_theory.certificates.capital import (
    GIBBS,
    INFORMATION,
    LEAN,
    RANGE,
    Ball,
    Proof,
    Terms,
    betting_proves,
    log_mixture,
    make_terms,
    mean_ball,
    mixture_end,
    order_free_end,
    proof,
    unit_term,
)
from mari_theory.certificates.certificate import Certificate, Ends, Units
from mari_theory.certificates.contradictions import RocBandEnds, has_band, refuse_contradictions, unit_ends
from mari_theory.certificates.files import Scores, read_scores
from mari_theory.certificates.findings import ESTIMATE, SLACK, CheckedNumber, Rebuilt, close, equal, looser, not_inside
from mari_theory.certificates.rules import certainly_above, level_of, owners_of, pairs_needed, score_words
from mari_theory.enclosures.balls import precision
from mari_theory.errors import require
from mari_theory.units import LN2, Floats, Integers


def check_scores(c: Certificate, paths: list[Path]) -> Rebuilt:
    """Raises `ArgumentError` where the rows do not support the certificate's method or contradict its assumptions."""
    request = c.request
    s = read_scores(*paths).only(request.owner, request.prompt)
    require_method(s, request.method)
    clusters, trusted = request.population == "prompts-like-these", request.trust == "likelihoods"
    if clusters:
        subject = (request.owner, request.prompt)
        require(subject == (None, None), "owner, prompt", "nothing for prompts like these", subject)
        require(request.method == "order-free", "method", "order-free for prompts like these", request.method)
    if trusted:
        refuse_contradictions(s, request.method)
    owner, owners = owners_of(s.cluster, s.clusters, s.prompt, s.prompts)
    present = tuple(
        name
        for name, holds in (
            ("divergence", True),
            ("total_variation", trusted),
            ("roc", trusted and not clusters and has_band(s)),
            ("owners", trusted and s.stopping != "anytime"),
            ("prompts", trusted and s.stopping != "anytime" and not clusters),
        )
        if holds
    )
    out = _average(c, s, owner, owners, clusters)
    band = RocBandEnds(s, level_of(request, "roc")) if "roc" in present else None
    if band is not None and c.direct.roc is not None and c.direct.auc is not None:
        out += _roc(c, band)
    for part, block, codes, names in (("owners", c.owners, owner, owners), ("prompts", c.prompts, s.prompt, s.prompts)):
        if part in present and block is not None:
            out += UnitCheck(s, codes, names, c.margin, level_of(request, part), part).findings(block, clusters)
    return Rebuilt(
        score_words(s, request),
        s.metadata,
        int(s.arm.size),
        len(s.prompts),
        len(owners),
        present,
        (),
        trusted and not clusters,
        out,
        (lambda fpr: float(band.at(np.array([fpr]))[1][0])) if band else (lambda _: 1.0),
    )


def _average(
    c: Certificate, s: Scores, owner: Integers, owners: tuple[str, ...], clusters: bool
) -> list[CheckedNumber]:
    request, out = c.request, []
    trusted = request.trust == "likelihoods"
    quantities: list[tuple[str, str, Ends | None, str]] = [
        ("claim", INFORMATION if trusted else GIBBS, None, "divergence"),
        ("direct total_variation", LEAN, c.direct.total_variation, "total_variation"),
    ]
    for name, kind, ends, part in quantities:
        if name != "claim" and (ends is None or not trusted):
            continue
        low, high = RANGE[kind]
        claim = (
            (c.claim.estimate, c.claim.lower, c.claim.upper)
            if ends is None
            else (ends.estimate, ends.lower, ends.upper)
        )
        delta = level_of(request, part)
        whole = ClusterMeans(s, kind, owner, len(owners)) if clusters else AllRows(s, kind, request.method)
        whole_ends = whole.ends(delta)
        if not whole_ends[0] <= whole_ends[2] <= whole_ends[1]:
            # an inconsistency at the claim's own level only leaves the trivial interval
            whole_ends = (0.0, 1.0, whole_ends[2])
        scaled_ends = [low + (high - low) * x for x in whole_ends]
        limits = (0.0, LN2 if ends is None else 1.0)
        bounds = [min(max(scaled_ends[0], limits[0]), limits[1]), min(max(scaled_ends[1], limits[0]), limits[1])]
        if kind == GIBBS:
            bounds[1] = LN2
        out.append(close(f"{name} estimate", claim[0], scaled_ends[2], ESTIMATE))
        slacks = looser(bounds[0], bounds[1], limits[1])
        for side, value, bound, slack in zip(("lower", "upper"), claim[1:], bounds, slacks, strict=True):
            near = abs(value - bound) <= slack if kind != GIBBS or side == "lower" else value == bound
            out.append(CheckedNumber(f"{name} {side}", value, bound, near))
            proved = near and (
                (side == "lower" and value <= limits[0])
                or (side == "upper" and value >= limits[1])
                or whole.proves(value, (low, high), kind, delta, side)
            )
            out.append(CheckedNumber(f"{name} {side} proved", value, "certain at the claimed number", proved))
    return out


@dataclass(frozen=True)
class AllRows:
    """The average over all rows by one of the sampled methods."""

    s: Scores
    """The rows of the score files."""
    kind: str
    """Which term is averaged: `information`, `lean` or `gibbs` (`capital.RANGE`)."""
    method: str
    """Name of the interval, as the certificate's request gives it."""

    def ends(self, delta: float) -> tuple[float, float, float]:
        """Lower, upper and estimate in units of the term's range."""
        return unit_ends(self.s, self.method, self.kind, delta)

    def proves(self, end: float, limits: tuple[float, float], kind: str, delta: float, side: str) -> bool:
        """In balls for capital methods; closed forms are recomputed with the claimed end outside by at least their rounding."""
        s, gap = self.s, self.s.log_q - self.s.log_p
        unit = _unit(end, limits, kind)
        if self.method == "order-free":
            t = make_terms(kind, gap, s.arm, weights(s).cells)
            return _proves(proof(t), unit, delta, side)
        if self.method in ("betting", "betting-anytime"):
            pairs = gap[np.stack(file_order_pairs(s))]
            middle = float(unit.lower() if side == "upper" else unit.upper())
            return betting_proves(kind, pairs, delta, side, middle, self.method == "betting-anytime")
        low, high, _ = self.ends(delta)
        rounding = 1e-13
        return bool(unit <= arb(low - rounding)) if side == "lower" else bool(unit >= arb(high + rounding))


@dataclass(frozen=True)
class ClusterMeans:
    """Owners as independent units: the weighted mean of each owner's rows."""

    s: Scores
    """The rows of the score files."""
    kind: str
    """Which term is averaged: `information`, `lean` or `gibbs` (`capital.RANGE`)."""
    owner: Integers
    """Number of each row's owner, from 0; of its prompt where there are too few owners (`owners_of`)."""
    owners: int
    """How many owners there are."""

    def parts(self) -> list[tuple[Integers, Integers]]:
        """Rows and cells of every owner with rows of both arms."""
        return [(w.rows, w.cells) for w in unit_weights(self.s, self.owner, self.owners) if w is not None]

    def values(self) -> Floats:
        """Each owner's mean in [0, 1]."""
        gap, arm = self.s.log_q - self.s.log_p, self.s.arm
        return np.array(
            [float(np.sum(unit_term(self.kind, gap[r], arm[r]) / (2.0 * cell))) for r, cell in self.parts()]
        )

    def ends(self, delta: float) -> tuple[float, float, float]:
        """Order-free over the owners."""
        v = np.clip(self.values(), 0.0, 1.0)
        one = np.ones(v.size, dtype=np.int64)
        both = [mixture_end(v if side == "lower" else 1 - v, one, v.size, delta) for side in ("lower", "upper")]
        return both[0], 1.0 - both[1], float(v.mean())

    def proves(self, end: float, limits: tuple[float, float], kind: str, delta: float, side: str) -> bool:
        """In balls, each owner's mean enclosed."""
        gap, arm = self.s.log_q - self.s.log_p, self.s.arm
        balls = [mean_ball(kind, gap[r], arm[r], cell) for r, cell in self.parts()]
        return _proves(Proof(balls, [1] * len(balls), len(balls), (1, 1)), _unit(end, limits, kind), delta, side)


def _unit(end: float, limits: tuple[float, float], kind: str) -> Ball:
    """A claimed end in units of the term's range, as a ball."""
    with precision(96):
        if kind == INFORMATION:
            return arb(end) / arb(2).log()
        if kind == LEAN:
            return arb(end)
        cut = arb(5)
        low, high = -((1 + cut.exp()).log()), -((1 + (-cut).exp()).log())
        return (arb(end) - arb(2).log() - low) / (high - low)


def _proves(p: Proof, end: Ball, delta: float, side: str) -> bool:
    with precision(96):
        return bool(p.capital(end, delta, side) * arb(delta) >= 2)


def _roc(c: Certificate, band: RocBandEnds) -> list[CheckedNumber]:
    auc, roc = c.direct.auc, c.direct.roc
    assert auc is not None and roc is not None
    out = [
        close("direct auc estimate", auc.estimate, band.estimate),
        not_inside("direct auc lower", "lower", auc.lower, max(0.5, band.auc[0])),
        not_inside("direct auc upper", "upper", auc.upper, min(1.0, max(0.5, band.auc[1]))),
        equal("direct roc fpr", roc.fpr, tuple(float(x) for x in band.grid[::8])),
    ]
    sizes = {len(roc.fpr), len(roc.tpr), len(roc.tpr_low), len(roc.tpr_high)}
    out.append(equal("direct roc lengths", sizes, {len(band.grid[::8])}))
    if not all(x.ok for x in out[-2:]):
        return out
    at = np.asarray(roc.fpr)
    low, high = band.at(at)
    middle = np.interp(at, band.fpr, band.tpr)
    for key, curve, bound, side in (
        ("tpr_low", roc.tpr_low, low, "lower"),
        ("tpr_high", roc.tpr_high, high, "upper"),
    ):
        gap = np.asarray(curve) - bound if side == "upper" else bound - np.asarray(curve)
        ok = bool(np.all(gap >= 0) and np.all(gap <= 1e-9))
        out.append(CheckedNumber(f"direct roc {key}", "curve", f"smallest slack {float(gap.min()):.2g}", ok))
    worst = float(np.max(np.abs(np.asarray(roc.tpr) - middle)))
    return [*out, CheckedNumber("direct roc tpr", "curve", f"largest difference {worst:.2g}", worst <= ESTIMATE)]


class UnitCheck:
    """Owners or prompts one by one (T32), order-free."""

    def __init__(
        self, s: Scores, codes: Integers, names: tuple[str, ...], margin: float, delta: float, part: str
    ) -> None:
        self.names, self.margin, self.delta, self.part = names, margin, delta, part
        gap = s.log_q - s.log_p
        self.weights = unit_weights(s, codes, len(names))
        self.rows = [int(r.size) for r in groups(codes, len(names))]
        self.terms: list[Terms | None] = [
            None if w is None else make_terms(INFORMATION, gap[w.rows], s.arm[w.rows], w.cells) for w in self.weights
        ]
        self.proofs = [None if t is None else proof(t) for t in self.terms]

    def within(self, nats: float) -> NDArray[np.bool_]:
        """Which units have their upper end at or below `nats`, in floats."""
        return np.array([self._within(t, nats) for t in self.terms], dtype=bool)

    def _within(self, t: Terms | None, nats: float) -> bool:
        if t is None or nats >= LN2 or nats <= 0.0:
            return nats >= LN2
        m = 1.0 - nats / LN2 / t.top
        return m <= 0.0 or log_mixture(1.0 - t.values(), t.count, t.n, self.delta, m) >= math.log(2.0 / self.delta)

    def worst(self) -> tuple[float, int]:
        """The largest upper end in nats and whose it is; only a unit that exceeds the worst before it is searched."""
        end, at = 0.0, 0
        for j, t in enumerate(self.terms):
            if not self._within(t, end):
                end, at = LN2 if t is None else LN2 * min(order_free_end(t, self.delta, "upper") * t.top, 1.0), j
        return end, at

    def log_e(self, nats: float) -> Floats:
        """ln of each unit's capital against "at most `nats`", in floats."""
        out = np.zeros(len(self.terms))
        for j, t in enumerate(self.terms):
            if t is not None:
                m = min(max(nats / LN2 / t.top, 1e-15), 1.0)
                out[j] = log_mixture(t.values(), t.count, t.n, self.delta, m)
        return out

    def capitals(self, nats: float) -> list[Ball]:
        """The same as balls; 1 for a unit that cannot be judged."""
        with precision(96):
            m = arb(nats) / arb(2).log()
            return [arb(1) if p is None else p.capital(m, self.delta, "lower") for p in self.proofs]

    def findings(self, u: Units, population: bool) -> list[CheckedNumber]:
        """Compare one block of the certificate."""
        part, delta = self.part, self.delta
        worst, whose = self.worst()
        slack = max(SLACK, 1e-3 * worst)
        at = self.names.index(u.worst_upper_at) if u.worst_upper_at in self.names else -1
        near_worst = at == whose or (at >= 0 and not self._within(self.terms[at], worst - slack))
        out = [
            equal(f"{part} count", u.count, len(self.names)),
            equal(f"{part} confidence", u.confidence, 1.0 - delta),
            CheckedNumber(f"{part} worst_upper", u.worst_upper, worst, abs(u.worst_upper - worst) <= slack),
            CheckedNumber(f"{part} worst_upper_at", u.worst_upper_at, self.names[whose], near_worst),
            equal(f"{part} fewest_rows", u.fewest_rows, min(self.rows)),
            equal(f"{part} pairs_needed", u.pairs_needed, pairs_needed(self.margin, delta)),
        ]
        with precision(96):
            m = arb(u.worst_upper) / arb(2).log()
            proved = u.worst_upper >= LN2 or all(p is not None and _proves(p, m, delta, "upper") for p in self.proofs)
            out.append(CheckedNumber(f"{part} worst_upper proved", u.worst_upper, "certain for every one", proved))
            bar = 2 / arb(delta)
            lower = (
                True if u.worst_lower <= 0 else bool(sum(self.capitals(u.worst_lower), arb(0)) / len(self.names) >= bar)
            )
            out.append(
                CheckedNumber(f"{part} worst_lower proved", u.worst_lower, "mean e-value at least 2/delta", lower)
            )
        inward = min(u.worst_lower + max(SLACK, 1e-2 * u.worst_lower), LN2)
        tight = inward >= LN2 or float(np.mean(np.exp(np.minimum(self.log_e(inward), 600)))) < 2 / delta
        out.append(CheckedNumber(f"{part} worst_lower is the method's own", u.worst_lower, "not looser", tight))
        out.append(self._above_margin(u))
        out.append(self._within_margin(u, slack))
        out.append(self._share(u, population))
        return out

    def _within_margin(self, u: Units, slack: float) -> CheckedNumber:
        """At most as many units as are certainly within the margin, in balls where floats cannot tell; at least those with room."""
        sure = self.within(self.margin * (1 - 1e-9))
        open_ = np.flatnonzero(self.within(self.margin * (1 + 1e-9)) & ~sure)
        with precision(96):
            m = arb(self.margin) / arb(2).log()
            proofs = [self.proofs[j] for j in open_]
            most = int(sure.sum()) + sum(1 for p in proofs if p is not None and _proves(p, m, self.delta, "upper"))
        ok = u.within_margin <= most and u.within_margin >= int(self.within(self.margin - slack).sum())
        return CheckedNumber(f"{self.part} within_margin", u.within_margin, most, ok)

    def _above_margin(self, u: Units) -> CheckedNumber:
        names = [self.names[j] for j in certainly_above(self.log_e(self.margin), self.delta)]
        ok = list(u.above_margin) == names
        if names and ok:
            with precision(96):
                lows = [float((c.log().lower()).str(20, radius=False)) for c in self.capitals(self.margin)]
            sure = {self.names[j] for j in certainly_above([x - 1e-12 for x in lows], self.delta)}
            ok = set(u.above_margin) <= sure
        return CheckedNumber(f"{self.part} above_margin", u.above_margin, tuple(names), ok)

    def _share(self, u: Units, population: bool) -> CheckedNumber:
        if not population:
            return equal(f"{self.part} share_beyond", u.share_beyond, None)
        from scipy.special import betainccinv

        k = u.count - u.within_margin
        top = 1.0 if k == u.count else float(betainccinv(k + 1, u.count - k, self.delta / 2)) / (1 - self.delta / 2)
        claim = -1.0 if u.share_beyond is None else u.share_beyond
        return not_inside(f"{self.part} share_beyond", "upper", claim, min(top, 1.0), 1e-9)
