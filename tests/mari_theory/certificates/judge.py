"""A judge of accepted certificates that shares no code with the checker: is anything claimed that the evidence does not give?

The reference is what `certify_files` makes of the same evidence and request. A claimed number may be weaker; where it is stronger it must
still be proved, and the tightest provable number is found here anew, in decimal arithmetic of 40 digits. Words must be the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import beta

from estimators.certify import certify_files
from mari_theory import Certificate
from mari_theory.certificates.certificate import Request, Units
from mari_theory.certificates.files import read_options, read_scores
from mari_theory.detectability import max_auc, min_outputs
from mari_theory.localisation import prompts_with_room

LN2 = math.log(2.0)
mp.mp.dps = 40
SURE = 1 + mp.mpf(10) ** -9
"""Stakes are floats in the checker: the same to 16 digits."""


@lru_cache(maxsize=512)
def reference(paths: tuple[Path, ...], asked: str) -> Certificate:
    """What the evidence gives for a request; raises `ArgumentError` where it gives nothing."""
    r = Request.model_validate_json(asked)
    own = r.method in ("exact-laws", "finite-population")
    return certify_files(
        list(paths),
        confidence=r.confidence,
        margin=r.margin,
        interval=None if own else r.method,
        pair=r.pair,
        population=r.population,
        simultaneous=r.simultaneous,
        trust=r.trust,
        owner=r.owner,
        prompt=r.prompt,
    )


def stronger(claimed: Certificate, paths: Sequence[Path]) -> str | None:
    """What an accepted certificate says beyond its evidence; None where it says nothing of the kind."""
    ref = reference(tuple(paths), claimed.request.model_dump_json())
    a, b = claimed.data(), ref.data()
    for key in ("format", "rests_on", "levels", "assumptions", "metadata", "refuted_by"):
        if json.dumps(a[key], sort_keys=True) != json.dumps(b[key], sort_keys=True):
            return f"{key}: {a[key]} for {b[key]}"
    for key in set(a["claim"]) - {"estimate", "lower", "upper"}:
        if a["claim"][key] != b["claim"][key]:
            return f"claim {key}"
    if {k: v for k, v in a["request"].items() if k != "pair"} != {k: v for k, v in b["request"].items() if k != "pair"}:
        return "request"
    bound = [sorted(json.dumps({k: v for k, v in e.items() if k != "file"}) for e in x["evidence"]) for x in (a, b)]
    if bound[0] != bound[1]:
        return "evidence"
    tight = Tight(tuple(paths), ref)
    said = _ends("claim", a["claim"], b["claim"], tight, "divergence")
    for name in ("total_variation", "auc", "roc"):
        x, y = a["direct"][name], b["direct"][name]
        if (x is None) != (y is None):
            return f"direct {name}"
        if x is not None and name == "total_variation":
            said = said or _ends(name, x, y, tight, "total_variation")
        elif x is not None:
            said = said or _curves(name, x, y)
    for part in ("owners", "prompts"):
        x, y = getattr(claimed, part), getattr(ref, part)
        if (x is None) != (y is None):
            return part
        if x is not None:
            said = said or _units(part, x, y, tight, claimed.margin)
    return said or _derived(claimed, ref)


def _ends(name: str, x: dict[str, Any], y: dict[str, Any], tight: Tight, part: str) -> str | None:
    if abs(x["estimate"] - y["estimate"]) > 2e-9:
        return f"{name} estimate"
    if x["lower"] > y["lower"] and not tight.proves(part, "lower", x["lower"]):
        return f"{name} lower: {x['lower']!r} above {y['lower']!r}"
    if x["upper"] < y["upper"] and not tight.proves(part, "upper", x["upper"]):
        return f"{name} upper: {x['upper']!r} below {y['upper']!r}"
    room = 2e-6 + 3e-3 * (y["upper"] - y["lower"]) + 5e-4
    return f"{name} far looser" if y["lower"] - x["lower"] > room or x["upper"] - y["upper"] > room else None


def _curves(name: str, x: dict[str, Any], y: dict[str, Any]) -> str | None:
    keys = {
        "auc": (("lower", -1), ("upper", 1), ("estimate", 0)),
        "roc": (("tpr_low", -1), ("tpr_high", 1), ("tpr", 0), ("fpr", 2)),
    }
    for key, side in keys[name]:
        u, v = np.atleast_1d(x[key]), np.atleast_1d(y[key])
        if u.shape != v.shape:
            return f"{name} {key}"
        gap = u - v
        wrong = gap if side == -1 else -gap if side == 1 else np.abs(gap)
        if float(wrong.max()) > {-1: 1.2e-12, 1: 1.2e-12, 0: 2e-9, 2: 0.0}[side] or float(np.abs(gap).max()) > 3e-9:
            return f"{name} {key}"
    return None


def _units(part: str, x: Units, y: Units, tight: Tight, margin: float) -> str | None:
    for key in ("count", "confidence", "above_margin", "fewest_rows", "pairs_needed"):
        if getattr(x, key) != getattr(y, key):
            return f"{part} {key}: {getattr(x, key)} for {getattr(y, key)}"
    if x.worst_upper < y.worst_upper and not tight.proves(part, "upper", x.worst_upper):
        return f"{part} worst_upper: {x.worst_upper!r} below {y.worst_upper!r}"
    if x.worst_lower > y.worst_lower and not tight.proves(part, "lower", x.worst_lower):
        return f"{part} worst_lower: {x.worst_lower!r} above {y.worst_lower!r}"
    if (
        x.worst_upper - y.worst_upper > 2e-6 + 2e-3 * y.worst_upper
        or y.worst_lower - x.worst_lower > 2e-6 + 0.02 * y.worst_lower
    ):
        return f"{part} far looser"
    slack = 2e-6 + 2e-3 * y.worst_upper
    if x.worst_upper_at != y.worst_upper_at and not tight.reaches(part, x.worst_upper_at, y.worst_upper - slack):
        return f"{part} worst_upper_at"
    if x.within_margin > y.within_margin and x.within_margin > tight.within(part, margin):
        return f"{part} within_margin"
    if (x.share_beyond is None) != (y.share_beyond is None):
        return f"{part} share_beyond"
    if x.share_beyond is not None:
        beyond, d = x.count - x.within_margin, 1 - y.confidence
        top = 1.0 if beyond == x.count else float(beta.ppf(1 - d / 2, beyond + 1, x.count - beyond)) / (1 - d / 2)
        if x.share_beyond < min(top, 1.0) * (1 - 1e-12):
            return f"{part} share_beyond"
    return None


def _phi(t: Any) -> Any:
    terms = [s * mp.log(s) for s in (1 + t, 1 - t) if s > 0]
    return mp.fsum(terms) / 2


def _binary(a: Any, b: Any) -> Any:
    total = mp.mpf(0)
    for p, q in ((a, b), (1 - a, 1 - b)):
        half = (p + q) / 2
        total += mp.fsum(z * mp.log(z / half) for z in (p, q) if z > 0) / 2
    return total


@lru_cache(maxsize=4096)
def _delta_bound(jsd: float) -> float:
    """max of b - e a over tests (a, b) that the budget allows."""
    if jsd <= 0.0 or jsd >= LN2:
        return float(jsd > 0)

    def spent(a: float, b: float) -> float:
        total = 0.0
        for p, q in ((a, b), (1 - a, 1 - b)):
            d = abs(p - q) / (p + q) if p + q > 0 else 0.0
            total += (p + q) / 4 * ((1 + d) * math.log1p(d) + ((1 - d) * math.log1p(-d) if d < 1 else 0.0))
        return total

    def lost(log_a: float) -> float:
        a = math.exp(log_a)
        b = 1.0 if spent(1.0, a) <= jsd else brentq(lambda x: spent(x, a) - jsd, a, 1.0, xtol=1e-15)
        return math.e * a - b

    return -float(minimize_scalar(lost, bounds=(-60.0, 0.0), method="bounded", options={"xatol": 1e-9}).fun)


def _derived(c: Certificate, ref: Certificate) -> str | None:
    """Everything that follows from the claimed ends."""
    i, upper, direct = c.implies.model_dump(by_alias=True), c.claim.upper, c.direct
    tv = direct.total_variation.upper if direct.total_variation else 1.0
    auc = direct.auc.upper if direct.auc else 1.0
    u = mp.mpf(upper)
    accuracy, influence = mp.mpf(i["max_accuracy"]), mp.mpf(i["max_influence"])
    holds = {
        "max_accuracy": accuracy >= 1 or _phi(2 * accuracy - 1) >= u or 2 * accuracy >= 1 + mp.mpf(tv),
        "max_influence": influence >= 1 or _phi(influence) >= u or influence >= tv,
        "max_auc": i["max_auc"] >= min(float(max_auc(min(upper, LN2))) - 1e-12, auc),
        "delta": i["delta_at_epsilon_1"] >= min(_delta_bound(min(upper, LN2)) - 1e-12, tv),
    }
    for a in (0.001, 0.01):
        tpr = mp.mpf(i[f"max_tpr_at_fpr_{a}"])
        by_band = (
            direct.roc is not None and tpr >= ref.implies.model_dump(by_alias=True)[f"max_tpr_at_fpr_{a}"] - 1.2e-12
        )
        holds[f"tpr at {a}"] = tpr >= 1 or (tpr >= a and _binary(mp.mpf(a), tpr) >= u) or by_band
    for a in (0.75, 0.9):
        n, most = i[f"outputs_for_accuracy_{a}"], float(min_outputs(a, min(upper, LN2)))
        holds[f"outputs for {a}"] = upper <= 0 if n is None else n <= most * (1 + 1e-9) or most == math.inf
    gap = upper - (c.claim.lower if "rounding" in ref.errors else c.claim.estimate)
    holds["errors"] = c.errors == {next(iter(ref.errors)): gap}
    if (c.room is None) != (ref.room is None):
        return "room"
    if c.room is not None:
        m = c.room.prompts
        holds["room"] = (m, c.room.at_ln2, c.room.at_0_1, c.room.at_margin) == (
            c.claim.prompts,
            prompts_with_room(upper, m, LN2),
            prompts_with_room(upper, m, 0.1),
            prompts_with_room(upper, m, min(c.margin, LN2)) if c.margin > 0 else None,
        )
    verdict: str | None = "inconclusive"
    worst, named = (c.owners.worst_upper, c.owners.above_margin) if c.owners else (None, ())
    if c.refuted_by:
        verdict = "refuted"
    elif c.claim.pair == "marginal":
        verdict = None
    elif c.claim.lower > c.margin or named:
        verdict = "detectable"
    elif worst is not None and worst <= c.margin:
        verdict = "equivalent within margin"
    elif upper <= c.margin:
        verdict = "equivalent on average"
    holds["verdict"] = c.verdict == verdict and c.no_verdict == (None if verdict else "marginal-pair")
    wrong = [name for name, ok in holds.items() if not ok]
    return ", ".join(wrong) or None


Terms = tuple[list[Any], Any]
"""Weighted terms in [0, 1], and what their mean is multiplied with."""


class Tight:
    """What is provable about one certificate's evidence, in 40 digits, from the definition of its method."""

    def __init__(self, paths: tuple[Path, ...], ref: Certificate) -> None:
        self.paths, self.ref = paths, ref
        self.method, self.trust = ref.request.method, ref.request.trust

    def _rows(self) -> Any:
        return read_scores(*self.paths).only(self.ref.request.owner, self.ref.request.prompt)

    def _laws_file(self) -> Any:
        return read_options(self.paths[0]).only(self.ref.request.owner, self.ref.request.prompt)

    def _delta(self, part: str) -> Any:
        d = 1 - mp.mpf(self.ref.request.confidence)
        share = {"divergence": 0.5, "total_variation": 0.125, "owners": 0.125, "prompts": 0.125}[part]
        return d * share if self.ref.request.simultaneous else d

    def proves(self, part: str, side: str, end: float) -> bool:
        """Is the end certain? Methods other than the order-free mixture get no more than rounding."""
        if self.method == "exact-laws":
            return self._exact(part, side, end)
        if part in ("owners", "prompts"):
            sets = [self._unit(rows) for rows in self._groups(part)]
            if side == "upper":
                return all(
                    t is not None
                    and _capital(*t, mp.mpf(end) / mp.log(2), self._delta(part), side) * SURE >= 2 / self._delta(part)
                    for t in sets
                )
            e = [1 if t is None else _capital(*t, mp.mpf(end) / mp.log(2), self._delta(part), side) for t in sets]
            return mp.fsum(e) * SURE / len(e) >= 2 / self._delta(part)
        unit, kind = (mp.mpf(end) / mp.log(2) if part == "divergence" else mp.mpf(end)), part
        if self.trust == "none":
            low, high = _gibbs(-5), _gibbs(5)
            unit, kind = (mp.mpf(end) - low) / (high - low), "gibbs"
        s, d = self._rows(), self._delta(part)
        if self.method == "order-free":
            if self.ref.request.population == "these-prompts":
                terms = self._terms(np.arange(s.arm.size), kind)
            else:
                sets = [self._terms(rows, kind) for rows in self._groups("owners")]
                terms = [top * mp.fsum(t) / len(t) for t, top in (x for x in sets if x)], mp.mpf(1)
            return terms is not None and _capital(*terms, unit, d, side) * SURE >= 2 / d
        if self.method.startswith("betting"):
            of_p, of_q = np.flatnonzero(s.arm == 0), np.flatnonzero(s.arm == 1)
            sample = [(_term(s, int(i), kind) + _term(s, int(j), kind)) / 2 for i, j in zip(of_p, of_q, strict=False)]
            return _bet(sample, unit, d, side, self.method == "betting-anytime") * SURE >= 2 / d
        made = self.ref.claim if part == "divergence" else self.ref.direct.total_variation
        assert made is not None
        return end <= made.lower + 2e-12 if side == "lower" else end >= made.upper - 2e-12

    def _groups(self, part: str) -> list[Any]:
        s = self._rows()
        codes, count = (
            (s.cluster, len(s.clusters)) if part == "owners" and len(s.clusters) > 1 else (s.prompt, len(s.prompts))
        )
        return [np.flatnonzero(codes == k) for k in range(count)]

    def _unit(self, rows: Any) -> Terms | None:
        return self._terms(rows, "owners")

    def _terms(self, rows: Any, part: str) -> Terms | None:
        """(terms in [0, 1], top): weighted terms and what their mean is multiplied with; None for a unit with one arm only."""
        s = self._rows()
        arm = s.arm[rows]
        if min((arm == 0).sum(), (arm == 1).sum()) == 0:
            return None
        cells = []
        prompts = len(set(s.prompt[rows].tolist()))
        for r in rows:
            same = (s.arm[rows] == s.arm[r]) & ((s.prompt[rows] == s.prompt[r]) | (s.design == "iid"))
            cells.append(int(same.sum()) * (1 if s.design == "iid" else prompts))
        least = min(cells)
        terms = [_term(s, int(r), part) * mp.mpf(least) / c for r, c in zip(rows, cells, strict=True)]
        return terms, mp.mpf(len(rows)) / (2 * least)

    def reaches(self, part: str, name: str, nats: float) -> bool:
        """Is the unit's own upper end at least `nats`?"""
        if self.method == "exact-laws":
            o = self._laws_file()
            names = o.clusters if part == "owners" and len(o.clusters) > 1 else o.prompts
            return name in names and max(self._unit_laws(part)[names.index(name)]) >= nats
        s = self._rows()
        names = s.clusters if part == "owners" and len(s.clusters) > 1 else s.prompts
        if name not in names:
            return False
        terms = self._unit(self._groups(part)[names.index(name)])
        d = self._delta(part)
        return terms is None or _capital(*terms, mp.mpf(nats) / mp.log(2), d, "upper") < 2 / d

    def within(self, part: str, margin: float) -> int:
        """Units certainly within the margin."""
        if self.method == "exact-laws":
            return sum(high <= margin for _, high in self._unit_laws(part))
        d = self._delta(part)
        sets = [self._unit(rows) for rows in self._groups(part)]
        return sum(t is not None and _capital(*t, mp.mpf(margin) / mp.log(2), d, "upper") * SURE >= 2 / d for t in sets)

    def _unit_laws(self, part: str) -> list[tuple[Any, Any]]:
        o = self._laws_file()
        owner = o.cluster if part == "owners" and len(o.clusters) > 1 else np.arange(len(o.prompts))
        each = _laws(self.paths[0], self.ref.request.owner, self.ref.request.prompt)
        out = []
        for k in range(int(owner.max()) + 1):
            rows = [each[i] for i in np.flatnonzero(owner == k)]
            out.append(tuple(mp.fsum(r[j] for r in rows) / len(rows) for j in (0, 1)))
        return out

    def _exact(self, part: str, side: str, end: float) -> bool:
        if part in ("owners", "prompts"):
            found = self._unit_laws(part)
            return end <= max(low for low, _ in found) if side == "lower" else end >= max(high for _, high in found)
        each = _laws(self.paths[0], self.ref.request.owner, self.ref.request.prompt)
        at = {"divergence": (0, 1), "total_variation": (2, 3)}[part]
        low, high = (mp.fsum(r[j] for r in each) / len(each) for j in at)
        return end <= low if side == "lower" else end >= high


def _gibbs(own: Any) -> Any:
    return mp.log(2) - mp.log(1 + mp.e ** (-mp.mpf(own)))


def _term(s: Any, r: int, part: str) -> Any:
    gap = float(s.log_q[r] - s.log_p[r])
    if part == "gibbs":
        own = max(-5.0, min(5.0, gap if s.arm[r] == 1 else -gap))
        low, high = _gibbs(-5), _gibbs(5)
        return (_gibbs(own) - low) / (high - low)
    eta = mp.mpf(1) if math.isinf(gap) else 1 / (1 + mp.e ** (-abs(mp.mpf(gap))))
    lean = 2 * eta - 1
    return lean if part == "total_variation" else _phi(lean) / mp.log(2)


def _capital(terms: list[Any], top: Any, end: Any, delta: Any, side: str) -> Any:
    """The order-free mixture against a mean of `end`: stakes for variances 1/4, 1/12, ... and weights 1, 1/2, 1/3, ..."""
    n = len(terms)
    m = end / top if side == "lower" else 1 - end / top
    if m <= 0:
        return mp.inf if side == "upper" else mp.mpf(0)
    depth = max(2, math.ceil(2 * math.log(n + 1) / math.log(3)))
    total = mp.mpf(0)
    for j in range(depth):
        stake = mp.sqrt(2 * mp.log(2 / delta) / (n * mp.mpf(3) ** -j / 4))
        stake = min(stake, mp.mpf("0.9") / m)
        total += mp.fprod(1 + stake * ((y if side == "lower" else 1 - y) - m) for y in terms) / (j + 1)
    return total / mp.fsum(mp.mpf(1) / (j + 1) for j in range(depth))


def _bet(sample: list[Any], end: Any, delta: Any, side: str, anytime: bool) -> Any:
    """Largest capital of the bets on pairs in their order, each stake from the outcomes before it."""
    x = sample if side == "lower" else [1 - y for y in sample]
    m = end if side == "lower" else 1 - end
    if m <= 0:
        return mp.inf
    level, total, squares, capital, most = mp.log(2 / delta), mp.mpf(0), mp.mpf(0), mp.mpf(1), mp.mpf(1)
    for i, y in enumerate(x, 1):
        horizon = i * mp.log(1 + i) if anytime else len(x)
        stake = mp.sqrt(2 * level * i / ((squares + mp.mpf(1) / 4) * horizon))
        capital *= 1 + min(stake, mp.mpf("0.9") / m) * (y - m)
        most = max(most, capital)
        total += y
        squares += (y - (total + mp.mpf(1) / 2) / (i + 1)) ** 2
    return most


@lru_cache(maxsize=64)
def _laws(path: Path, owner: str | None, prompt: str | None) -> list[tuple[Any, Any, Any, Any]]:
    """Each prompt's divergence and total variation, without and with what its rest may add."""
    o = read_options(path).only(owner, prompt)
    found: list[list[tuple[Any, Any, Any, Any]]] = [[] for _ in o.prompts]
    for law in o.laws:
        arms = []
        for w in law.log_weights:
            rows = [
                [mp.e ** (mp.mpf(float(x)) - float(row.max())) if x > -math.inf else mp.mpf(0) for x in row]
                for row in w
            ]
            rows = [[x / mp.fsum(row) for x in row] for row in rows]
            arms.append([mp.fsum(column) / len(rows) for column in zip(*rows, strict=True)])
        jsd = tv = more_jsd = more_tv = mp.mpf(0)
        for k, (p, q) in enumerate(zip(*arms, strict=True)):
            half = (p + q) / 2
            term = mp.fsum(z * mp.log(z / half) for z in (p, q) if z > 0) / 2
            jsd, tv = jsd + term, tv + abs(p - q) / 2
            if k == law.rest:
                more_jsd, more_tv = half * mp.log(2) - term, half - abs(p - q) / 2
        found[law.prompt].append((jsd, jsd + more_jsd, tv, tv + more_tv))
    return [tuple(mp.fsum(r[j] for r in rows) / len(rows) for j in range(4)) for rows in found]
