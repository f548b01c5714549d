"""Rebuilding a certificate over enumerated laws (option files) and over pooled means (pool files)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

from mari_theory.certificates.certificate import Certificate, Units
from mari_theory.certificates.files import Law, Options, Pool, read_options, read_pool
from mari_theory.certificates.findings import CheckedNumber, Rebuilt, close, equal, not_inside
from mari_theory.certificates.rules import POOL_METHODS, arms_independent, level_of, option_words, owners_of, pool_words
from mari_theory.enclosures.balls import jensen_shannon_enclosure, outward, precision
from mari_theory.errors import require
from mari_theory.units import LN2

MULTIPLIERS = 16  # size of T17's grid
LOOSE = 1e-9
"""An exact end may be this much outside its enclosure."""
Ends = tuple[float, float]


def check_options(c: Certificate, paths: list[Path]) -> Rebuilt:
    """Every law as balls: softmax of the weights within a model, models averaged within an arm, places within a prompt."""
    require(len(paths) == 1, "evidence", "one option file", len(paths))
    require(c.request.method == "exact-laws", "method", "exact-laws for an option file", c.request.method)
    require(
        c.request.population == "these-prompts" and c.request.trust == "likelihoods",
        "request",
        "these prompts, likelihoods",
        c.request.population,
    )
    o = read_options(paths[0]).only(c.request.owner, c.request.prompt)
    by_prompt = enclose_prompts(o)
    divergence = [d for d, _ in by_prompt]
    jsd, tv = mean(divergence), mean([t for _, t in by_prompt])
    owner, owners = owners_of(o.cluster, o.clusters, np.arange(len(o.prompts)), o.prompts)
    by_owner = [mean([divergence[i] for i in np.flatnonzero(owner == k)]) for k in range(len(owners))]
    out = _ends("claim", c.claim.estimate, c.claim.lower, c.claim.upper, jsd, LN2)
    if c.direct.total_variation is not None:
        d = c.direct.total_variation
        out += _ends("direct total_variation", d.estimate, d.lower, d.upper, tv, 1.0)
    for part, block, ends, names in (
        ("owners", c.owners, by_owner, owners),
        ("prompts", c.prompts, divergence, o.prompts),
    ):
        if block is not None:
            out += check_units(part, block, ends, names, c.margin)
    return Rebuilt(
        option_words(o, c.request),
        o.metadata,
        len(o.laws),
        len(o.prompts),
        len(owners),
        (),
        ("divergence", "total_variation", "owners", "prompts"),
        True,
        out,
    )


def enclose_prompts(o: Options) -> list[tuple[Ends, Ends]]:
    """Enclosures of divergence (nats) and total variation of each prompt, the mean over its places."""
    places: list[list[tuple[Ends, Ends]]] = [[] for _ in o.prompts]
    for law in o.laws:
        places[law.prompt].append(enclose(law))
    return [(mean([d for d, _ in p]), mean([t for _, t in p])) for p in places]


def enclose(law: Law) -> tuple[Ends, Ends]:
    """One law; whatever is in the rest may tell the arms apart, so its mass times ln 2 (and its mass) goes on top."""
    with precision(80):
        p, q = (_average(w) for w in law.log_weights)
        jsd = tv = rest_jsd = rest_tv = arb(0)
        for k, (x, y) in enumerate(zip(p, q, strict=True)):
            if x == 0 and y == 0:
                continue
            half = (x + y) / 2
            term = (_information(x, half) + _information(y, half)) / 2
            jsd, tv = jsd + term, tv + abs(x - y) / 2
            if k == law.rest:
                rest_jsd, rest_tv = half * arb(2).log() - term, half - abs(x - y) / 2
        low = outward(jsd)[0], outward(tv)[0]
        high = outward(jsd + rest_jsd)[1], outward(tv + rest_tv)[1]
    return (max(low[0], 0.0), high[0]), (max(low[1], 0.0), high[1])


def _information(x: Any, half: Any) -> Any:
    if x == 0:
        return arb(0)
    if not bool(x > 0):  # a mass below every float: |x ln(x/half)| is smaller still than its bound here
        return arb(0, 1e-60) if float(x.upper()) < 1e-80 else arb(0, 1)
    return x * (x / half).log()


def _average(log_weights: Any) -> list[Any]:
    total = [arb(0)] * log_weights.shape[1]
    for row in log_weights:
        top = float(row.max())
        masses = [arb(0) if x == -math.inf else (arb(x) - arb(top)).exp() for x in row.tolist()]
        norm = sum(masses, arb(0))
        total = [t + m / norm for t, m in zip(total, masses, strict=True)]
    return [t / log_weights.shape[0] for t in total]


def mean(ends: list[Ends]) -> Ends:
    """Average of enclosures, rounded outwards."""
    with precision(80):
        n = len(ends)
        low = outward(sum((arb(a) for a, _ in ends), arb(0)) / n)[0]
        high = outward(sum((arb(b) for _, b in ends), arb(0)) / n)[1]
    return low, high


def _ends(name: str, estimate: float, lower: float, upper: float, truth: Ends, top: float) -> list[CheckedNumber]:
    return [
        CheckedNumber(f"{name} estimate", estimate, truth[0], abs(estimate - truth[0]) <= LOOSE),
        not_inside(f"{name} lower", "lower", lower, max(truth[0], 0.0), LOOSE),
        not_inside(f"{name} upper", "upper", upper, min(truth[1], top), LOOSE),
    ]


def check_units(part: str, u: Units, ends: list[Ends], names: tuple[str, ...], margin: float) -> list[CheckedNumber]:
    """Owners or prompts of enumerated laws."""
    lows, highs = [a for a, _ in ends], [min(b, LN2) for _, b in ends]
    at = names.index(u.worst_upper_at) if u.worst_upper_at in names else -1
    above = tuple(n for n, a in zip(names, lows, strict=True) if a - LOOSE > margin)
    within = sum(b + LOOSE <= margin for b in highs)
    return [
        equal(f"{part} count", u.count, len(names)),
        equal(f"{part} confidence", u.confidence, 1.0),
        not_inside(f"{part} worst_upper", "upper", u.worst_upper, max(highs), LOOSE),
        not_inside(f"{part} worst_lower", "lower", u.worst_lower, max(lows), LOOSE),
        CheckedNumber(
            f"{part} worst_upper_at",
            u.worst_upper_at,
            names[int(np.argmax(highs))],
            at >= 0 and highs[at] >= max(highs) - LOOSE,
        ),
        equal(f"{part} above_margin", u.above_margin, above),
        equal(f"{part} within_margin", u.within_margin, within),
        equal(f"{part} share_beyond", u.share_beyond, None),
        equal(f"{part} fewest_rows", u.fewest_rows, None),
        equal(f"{part} pairs_needed", u.pairs_needed, None),
    ]


def check_pool(c: Certificate, paths: list[Path]) -> Rebuilt:
    """T17, its baseline, or T18 where the file says that the sets are complete."""
    require(len(paths) == 1, "evidence", "one pool file", len(paths))
    pool, request = read_pool(paths[0]), c.request
    require(request.owner is None and request.prompt is None, "owner, prompt", "nothing for a pool file", request.owner)
    require(request.method in POOL_METHODS, "method", ", ".join(POOL_METHODS), request.method)
    require(
        request.population == "these-prompts" and request.trust == "likelihoods",
        "request",
        "these prompts, likelihoods",
        request.population,
    )
    complete = pool.metadata.get("finite_population") is True
    enclosure = jensen_shannon_enclosure(pool.p_mean, pool.q_mean)
    lower, upper = pool_ends(pool, request.method, level_of(request, "divergence"), enclosure)
    out = [
        close("claim estimate", c.claim.estimate, 0.5 * (enclosure[0] + enclosure[1])),
        not_inside("claim lower", "lower", c.claim.lower, lower),
        not_inside("claim upper", "upper", c.claim.upper, upper),
    ]
    present = () if complete else ("divergence",)
    exact = ("divergence",) if complete else ()
    return Rebuilt(pool_words(pool, request), pool.metadata, pool.n + pool.m, 0, 0, present, exact, False, out)


def pool_ends(pool: Pool, method: str, delta: float, enclosure: Ends) -> Ends:
    """The ends that a pool's means support, in balls, at most ln 2; `enclosure` holds the divergence of the means."""
    complete = pool.metadata.get("finite_population") is True
    fits = complete == (method == "finite-population")
    require(fits, "method", "finite-population for complete sets and for nothing else", method)
    low, high = enclosure
    with precision():
        if complete:
            root = sum((arb(2).log() * arb((k + 2) * 2.0**-53)).sqrt() for k in (pool.n, pool.m))
            lower = max(outward((arb(low).sqrt() - root) ** 2)[0], 0.0) if bool(arb(low).sqrt() > root) else 0.0
            return lower, min(outward((arb(high).sqrt() + root) ** 2)[1], LN2)
        return 0.0, min(_sampled_upper(method, high, pool.n, pool.m, delta, arms_independent(pool)), LN2)


def _sampled_upper(method: str, high: float, n: int, m: int, delta: float, independent: bool) -> float:
    size = min(n, m) if independent else min(n, m) / 2
    ln2, d = arb(2).log(), arb(delta)
    if method == "pooled-bounded-differences":
        require(independent, "method", "pooled-fast-rate for arms that may depend on each other", method)
        squares = sum(arb(k) * ((1 + arb(k + 1).log()) / (2 * k)) ** 2 for k in (n, m))
        return outward(arb(high) + ((1 / d).log() * squares / 2).sqrt())[1]
    level = (MULTIPLIERS / d).log()
    best = math.inf
    for k in range(MULTIPLIERS):
        x = arb(math.log2(2 * LN2) * 2.0 ** (-k / 2))
        slope = ((-x * ln2).exp() - 1 + x * ln2) / (ln2 - arb(0.5))
        best = min(best, outward((arb(high) + level / (2 * x * arb(size))) / (1 - slope / x))[1])
    return best
