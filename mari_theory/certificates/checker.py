"""The independent checker: every number of a certificate from the evidence alone.

Imports nothing from `estimators` or `experiments`. Sampled bounds are not searched for but *verified*: the betting
capital at the claimed end is re-multiplied in ball arithmetic and must have reached 2/delta; everything else is recomputed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mari_theory.certificates.certificate import Certificate, implications, verdict_for
from mari_theory.detectability import max_tpr
from mari_theory.enclosures import (
    accuracy_holds,
    auc_holds,
    delta_holds,
    jensen_shannon_enclosure,
    outputs_hold,
    precision,
    tpr_holds,
)
from mari_theory.errors import ArgumentError, require
from mari_theory.certificates.files import Pool, Scores, kind_of, merge_scores, read_pool, read_scores, sha256

Floats = NDArray[np.float64]
LN2 = math.log(2.0)
TOLERANCE = 1e-7
CAP = 0.9  # the betting stakes' cap: part of the method's definition
MULTIPLIERS = 16  # size of T17's grid


@dataclass(frozen=True)
class CheckedNumber:
    """One number: what the certificate says, what the evidence says."""

    name: str
    claimed: Any
    recomputed: Any
    ok: bool

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'} {self.name}: claimed {self.claimed}, recomputed {self.recomputed}"


def check(certificate: Certificate, evidence: list[Path]) -> list[CheckedNumber]:
    """Recompute every number of `certificate` from its evidence files; the certificate holds when all are ok.

    Raises `ArgumentError` when a file is missing or unreadable; a wrong hash is a failed number, not an error.
    """
    files = [Path(f) for f in evidence]
    require(len(files) == len(certificate.evidence), "evidence", f"{len(certificate.evidence)} files", len(files))
    out = [
        _equal(f"evidence {entry['file']} sha256", entry["sha256"], sha256(f))
        for entry, f in zip(certificate.evidence, files, strict=True)
    ]
    if kind_of(files[0]) == "score":
        out += _check_scores(certificate, merge_scores([read_scores(f) for f in files]))
    else:
        require(len(files) == 1, "evidence", "one pool file", len(files))
        out += _check_pool(certificate, read_pool(files[0]))
    return out + _check_implications(certificate)


def _check_scores(c: Certificate, s: Scores) -> list[CheckedNumber]:
    claim, delta = c.claim, 1.0 - float(c.claim["confidence"])
    out = [
        _equal("claim pair", claim["pair"], s.metadata.get("pair", claim["pair"])),
        _equal("claim n", claim["n"], s.arm.size),
    ]
    lean = np.tanh(0.5 * (s.log_q - s.log_p))
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = [np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0) for x in (1 + lean, 1 - lean)]
    y = 0.5 * (halves[0] + halves[1])
    of_p, of_q = np.flatnonzero(s.arm == 0), np.flatnonzero(s.arm == 1)
    require(min(of_p.size, of_q.size) > 0, "arm", "rows of both arms", "one arm is empty")
    k = min(of_p.size, of_q.size)
    rows = np.stack([of_p[:k], of_q[:k]])
    gaps = (s.log_q - s.log_p)[rows]
    for name, values, ends, scale in (
        ("claim", y, claim, LN2),
        ("direct total_variation", np.abs(lean), c.direct["total_variation"], 1.0),
    ):
        point = 0.5 * (values[of_p].mean() + values[of_q].mean())
        out.append(_close(f"{name} estimate", ends["estimate"], point))
        sample = np.clip(0.5 * (values[rows[0]] + values[rows[1]]) / scale, 0.0, 1.0)
        both = [_SAMPLED[claim["method"]](sample, delta, side) * scale for side in ("lower", "upper")]
        for side, bound in zip(("lower", "upper"), sorted(both), strict=True):
            out.append(_close(f"{name} {side}", ends[side], min(max(bound, 0.0), scale)))
            if claim["method"].startswith("betting"):
                anytime = claim["method"] == "betting-anytime"
                proved = _capital_proves(sample, gaps, name == "claim", delta, side, ends[side] / scale, anytime)
                out.append(CheckedNumber(f"{name} {side} in ball arithmetic", ends[side], "capital >= 2/delta", proved))
    return out + _check_roc(c, s, of_p, of_q, delta)


def _stakes(x: Floats, delta: float, anytime: bool) -> Floats:
    i = np.arange(1, x.size + 1, dtype=float)
    mean = (0.5 + np.cumsum(x)) / (i + 1)
    spread = 0.25 + np.concatenate([[0.0], np.cumsum((x - mean) ** 2)[:-1]])
    horizon = i * np.log1p(i) if anytime else float(x.size)
    return np.asarray(np.sqrt(2 * math.log(2 / delta) * i / (spread * horizon)))


def _log_path(x: Floats, stakes: Floats, m: float) -> Floats:
    path = np.cumsum(np.log1p(np.minimum(stakes, CAP / m) * (x - m)))
    if x.size <= 4096:
        return path
    # Long samples look at the capital every 16 outcomes and at the end: part of the method's definition.
    return np.append(path[15::16], path[-1])


def _betting(anytime: bool) -> Any:
    def end(sample: Floats, delta: float, side: str) -> float:
        x = sample if side == "lower" else 1.0 - sample
        stakes, level = _stakes(x, delta, anytime), math.log(2 / delta) + 1e-6

        def rejected(m: float) -> bool:
            return float(_log_path(x, stakes, m).max()) >= level

        low, high = 1e-12, 1.0 - 1e-12
        if not rejected(low):
            return 0.0 if side == "lower" else 1.0
        for _ in range(44):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if rejected(middle) else (low, middle)
        return low if side == "lower" else 1.0 - low

    return end


def _hoeffding(sample: Floats, delta: float, side: str) -> float:
    half = math.sqrt(math.log(2 / delta) / (2 * sample.size))
    return float(sample.mean()) + (half if side == "upper" else -half)


def _maurer_pontil(sample: Floats, delta: float, side: str) -> float:
    if sample.size < 2:
        return 1.0 if side == "upper" else 0.0
    n, level = sample.size, math.log(4 / delta)
    half = math.sqrt(2 * float(sample.var(ddof=1)) * level / n) + 7 * level / (3 * (n - 1))
    return float(sample.mean()) + (half if side == "upper" else -half)


_SAMPLED: dict[str, Any] = {
    "betting": _betting(False),
    "betting-anytime": _betting(True),
    "hoeffding": _hoeffding,
    "maurer-pontil": _maurer_pontil,
}


def _capital_proves(
    sample: Floats, gaps: Floats, information: bool, delta: float, side: str, end: float, anytime: bool
) -> bool:
    """Is the capital against the claimed end certainly at least 2/delta? Stakes may be any numbers chosen before each outcome."""
    m = end if side == "lower" else 1.0 - end
    if m <= 1e-12:
        return True  # the end of the range claims nothing
    x = sample if side == "lower" else 1.0 - sample
    stakes = np.minimum(_stakes(x, delta, anytime), CAP / m)
    steps = int(np.argmax(np.cumsum(np.log1p(stakes * (x - m))))) + 1
    with precision(96):
        target, log_capital, capital, ln2 = (2 / arb(delta)).log(), arb(0), arb(1), arb(2).log()
        # The end is rounded outwards by an ulp when it is scaled; m as a ball covers the claimed float.
        mean = arb(m, 4e-16)
        for i in range(steps):
            value = (_term(gaps[0, i], information, ln2) + _term(gaps[1, i], information, ln2)) / 2
            value = value if side == "lower" else 1 - value
            capital *= 1 + arb(float(stakes[i])) * (value - mean)
            if i % 32 == 31:
                log_capital, capital = log_capital + capital.log(), arb(1)
        return bool(log_capital + capital.log() >= target)


def _term(gap: float, information: bool, ln2: Any) -> Any:
    if math.isinf(gap):
        return arb(1)
    lean = abs((arb(gap) / 2).tanh())
    if not information:
        return lean
    down = 1 - lean
    tail = down * down.log() if bool(down > 0) else arb(0, 1e-24)
    return ((1 + lean) * (1 + lean).log() + tail) / (2 * ln2)


def _check_roc(c: Certificate, s: Scores, of_p: Any, of_q: Any, delta: float) -> list[CheckedNumber]:
    gap = np.clip(s.log_q, -1e300, None) - np.clip(s.log_p, -1e300, None)
    p, q = gap[of_p], gap[of_q]
    e_p, e_q = (math.sqrt(math.log(4 / delta) / (2 * x.size)) for x in (p, q))
    cuts = np.unique(gap)[::-1]
    fpr = np.append(0.0, [1.0 - np.searchsorted(np.sort(p), cuts) / p.size])
    tpr = np.append(0.0, [1.0 - np.searchsorted(np.sort(q), cuts) / q.size])
    grid = np.linspace(0.0, 1.0, 513)
    high = np.minimum(np.interp(np.minimum(grid + e_p, 1), fpr, tpr) + e_q, 1.0)
    low = np.where(grid < e_p, 0.0, np.maximum(np.interp(np.maximum(grid - e_p, 0), fpr, tpr) - e_q, 0.0))
    direct = c.direct
    out = [
        _close("direct auc estimate", direct["auc"]["estimate"], float(np.trapezoid(tpr, fpr))),
        _close("direct auc lower", direct["auc"]["lower"], max(0.5, low[:-1].mean())),
        _close("direct auc upper", direct["auc"]["upper"], max(0.5, min(1.0, high[1:].mean()))),
    ]
    at = np.asarray(direct["roc"]["fpr"])
    for key, curve in (("tpr_low", low), ("tpr_high", high), ("tpr", np.interp(grid, fpr, tpr))):
        gap_to = float(np.max(np.abs(np.interp(at, grid, curve) - np.asarray(direct["roc"][key]))))
        out.append(CheckedNumber(f"direct roc {key}", "curve", f"largest difference {gap_to:.2g}", gap_to <= TOLERANCE))
    return out


def _check_pool(c: Certificate, pool: Pool) -> list[CheckedNumber]:
    claim = c.claim
    low, high = jensen_shannon_enclosure(pool.p_mean, pool.q_mean)
    out = [
        _equal("claim pair", claim["pair"], pool.metadata.get("pair", claim["pair"])),
        _equal("claim n", claim["n"], pool.n + pool.m),
        _close("claim estimate", claim["estimate"], 0.5 * (low + high)),
    ]
    if claim["method"] == "finite-population":
        complete = bool(pool.metadata.get("finite_population", False))
        out.append(_equal("evidence covers the complete sets", True, complete))
        root = sum(math.sqrt(LN2 * (k + 2) * 2.0**-53) for k in (pool.n, pool.m))
        lower, upper = max(math.sqrt(low) - root, 0.0) ** 2, min((math.sqrt(high) + root) ** 2, LN2)
    else:
        lower, size, delta = 0.0, min(pool.n, pool.m), 1.0 - float(claim["confidence"])
        if claim["method"] == "pooled-fast-rate":
            level = math.log(MULTIPLIERS / delta)
            grid = [math.log2(2 * LN2) * 2.0 ** (-k / 2) for k in range(MULTIPLIERS)]
            slopes = [(math.expm1(-x * LN2) + x * LN2) / (LN2 - 0.5) for x in grid]
            upper = min((high + level / (2 * x * size)) / (1 - c / x) for x, c in zip(grid, slopes, strict=True))
        elif claim["method"] == "pooled-bounded-differences":
            squares = sum(k * ((1 + math.log(k + 1)) / (2 * k)) ** 2 for k in (pool.n, pool.m))
            upper = high + math.sqrt(-math.log(delta) * squares / 2)
        else:
            raise ArgumentError("claim method", "a method for pool files", claim["method"])
        upper = min(upper, LN2)
    out += [_close("claim lower", claim["lower"], lower), _close("claim upper", claim["upper"], upper)]
    sound = claim["upper"] >= upper * (1 - 1e-12) and claim["lower"] <= lower * (1 + 1e-12)
    return [*out, CheckedNumber("claim ends not inside the recomputed ones", True, sound, bool(sound))]


def _check_implications(c: Certificate) -> list[CheckedNumber]:
    upper = min(float(c.claim["upper"]), LN2)
    again = implications(upper)
    i = c.implies
    out = [_close(f"implies {key}", i.get(key), value) for key, value in again.items()]
    fpr = _tangent_point(upper, 1.0)
    sound = {
        "max_accuracy": accuracy_holds(i["max_accuracy"], upper),
        "max_tpr_at_fpr_0.001": tpr_holds(i["max_tpr_at_fpr_0.001"], 0.001, upper),
        "max_tpr_at_fpr_0.01": tpr_holds(i["max_tpr_at_fpr_0.01"], 0.01, upper),
        "max_auc": auc_holds(i["max_auc"], upper),
        "delta_at_epsilon_1": i["delta_at_epsilon_1"] >= 1.0
        or upper <= 0
        or delta_holds(i["delta_at_epsilon_1"] + 1e-9, 1.0, upper, fpr),
        "outputs_for_accuracy_0.75": i["outputs_for_accuracy_0.75"] is None
        or outputs_hold(i["outputs_for_accuracy_0.75"], 0.75, upper),
        "outputs_for_accuracy_0.9": i["outputs_for_accuracy_0.9"] is None
        or outputs_hold(i["outputs_for_accuracy_0.9"], 0.9, upper),
    }
    out += [
        CheckedNumber(f"implies {key} in ball arithmetic", i[key], "a valid bound", ok) for key, ok in sound.items()
    ]
    expected = "refuted" if c.refuted_by else verdict_for(c.claim["lower"], c.claim["upper"], c.margin)
    out.append(_equal("verdict", c.verdict, expected))
    gap = 0.0 if c.claim["method"] == "finite-population" else c.claim["upper"] - c.claim["estimate"]
    return [*out, _close("errors statistical", c.errors["statistical"], gap)]


def _tangent_point(jsd: float, epsilon: float) -> float:
    """A false positive rate near the best test of T8: any point gives a valid tangent bound."""
    low, high = -690.0, 0.0
    for _ in range(80):
        a = math.exp(0.5 * (low + high))
        b = float(max_tpr(a, jsd))
        steep = b < 1.0 and b > a and _slope(a, b) > math.exp(epsilon)
        low, high = (0.5 * (low + high), high) if steep else (low, 0.5 * (low + high))
    return math.exp(low)


def _slope(a: float, b: float) -> float:
    m = 0.5 * (a + b)
    down = math.log(a / m) - math.log((1 - a) / (1 - m))
    return -down / (math.log(b / m) - math.log((1 - b) / (1 - m)))


def _equal(name: str, claimed: Any, recomputed: Any) -> CheckedNumber:
    return CheckedNumber(name, claimed, recomputed, bool(claimed == recomputed))


def _close(name: str, claimed: Any, recomputed: Any) -> CheckedNumber:
    if claimed is None or recomputed is None:
        return _equal(name, claimed, recomputed)
    ok = isinstance(claimed, (int, float)) and abs(claimed - recomputed) <= TOLERANCE * max(1.0, abs(recomputed))
    return CheckedNumber(name, claimed, float(recomputed), bool(ok))
