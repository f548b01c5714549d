"""What follows from the evidence and the signer's request without any arithmetic: levels, assumptions, access, words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mari_theory.certificates.capital import log_mixture
from mari_theory.certificates.certificate import Request, RestsOn
from mari_theory.certificates.files import Options, Pool, Scores
from mari_theory.errors import require
from mari_theory.units import LN2, Integers

SPLIT = {"divergence": 0.5, "total_variation": 0.125, "roc": 0.125, "owners": 0.125, "prompts": 0.125}
"""How the level is split when all numbers of a certificate hold at once; alone, each has the whole."""
PARTS = tuple(SPLIT)
POOL_METHODS = ("pooled-fast-rate", "pooled-bounded-differences", "finite-population")
LEAST_OWNERS = 2
"""With fewer owners each prompt stands for itself."""


@dataclass(frozen=True)
class Words:
    """The ids of one certificate."""

    pair: str
    """Which two laws are compared."""
    access: str
    """What the detector sees."""
    theorem: str
    """What the interval rests on."""
    assumptions: tuple[str, ...]
    """Ids of sentences in `words.ASSUMPTIONS`."""
    rests_on: RestsOn
    """What each end needs."""
    no_verdict: str | None
    """Why there is none; None where there is one."""


def level_of(request: Request, part: str) -> float:
    """Probability with which one part's numbers may fail."""
    delta = 1.0 - request.confidence
    return delta * SPLIT[part] if request.simultaneous else delta


def levels(request: Request, present: tuple[str, ...]) -> dict[str, float]:
    """The level of each present part, of the ceilings (half of each of two sources), and of all together; 0 for absent ones."""
    by_part = {p: level_of(request, p) if p in present else 0.0 for p in PARTS}
    largest = max(by_part["total_variation"], by_part["roc"])
    return {
        **by_part,
        "ceilings": 0.5 * (by_part["divergence"] + largest),
        "together": min(1.0, 1.0 - request.confidence if request.simultaneous and present else sum(by_part.values())),
    }


def pair_of(metadata: dict[str, Any], request: Request) -> str:
    """The file's pair, or the signer's where the file does not say."""
    pair = metadata.get("pair")
    require(
        pair or request.pair, "--pair", "one of marginal, oracle, shift, matched, as the file does not say", "nothing"
    )
    require(not pair or request.pair in (None, pair), "--pair", f"{pair}, as the file says", request.pair)
    return str(pair or request.pair)


def _last(pair: str, metadata: dict[str, Any]) -> tuple[str, ...]:
    own = {"marginal": ("blind-to-memorisation",), "matched": ("reference-decides",)}.get(pair, ())
    seeds = ("mixture-of-seeds",) if _averages_models(metadata) else ()
    trained = ("made-elsewhere",) if metadata.get("made_elsewhere") else ()
    return (*own, *seeds, *trained, "access-only", "these-models", "origin-unknown")


def _averages_models(metadata: dict[str, Any]) -> bool:
    """Is the audited arm an average of several models? Then nothing is said of one of them."""
    arms = metadata.get("arm_q"), metadata.get("weights_sha256")
    return any(isinstance(models, dict) and len(models) > 1 for models in arms)


def _no_verdict(pair: str, metadata: dict[str, Any]) -> str | None:
    if pair == "marginal":
        return "marginal-pair"
    if metadata.get("oracle_knows"):
        return "oracle-knows-the-data"
    return "gate-failed" if metadata.get("gate_failed") else None


def score_words(s: Scores, request: Request) -> Words:
    """Of a certificate over score files."""
    pair = pair_of(s.metadata, request)
    clusters = request.population == "prompts-like-these"
    trusted = request.trust == "likelihoods"
    assumptions = (
        *(("exact-likelihoods",) if trusted else ()),
        "iid-rows" if request.method in ("betting", "betting-anytime", "maurer-pontil") else "independent-rows",
        *(() if s.stopping == "anytime" else ("fixed-size",)),
        "distinct-draws" if s.draw is not None else "draws-not-numbered",
        *(("owners-drawn", "clusters-iid") if clusters else ()),
        *(("unit-named-before",) if request.owner is not None or request.prompt is not None else ()),
        *_last(pair, s.metadata),
    )
    rests = (
        RestsOn(lower="exact-likelihoods", upper="exact-likelihoods")
        if trusted
        else RestsOn(lower="no-trust", upper="range")
    )
    return Words(
        pair,
        str(s.metadata.get("access", "one-output")),
        "T15" if trusted else "T31",
        assumptions,
        rests,
        _no_verdict(pair, s.metadata),
    )


def option_words(o: Options, request: Request) -> Words:
    """Of a certificate over an option file."""
    pair = pair_of(o.metadata, request)
    access = o.metadata.get("access")
    require(access is not None, "access", "an option file that says what the detector sees", "nothing")
    rests = RestsOn(lower="exact-laws", upper="exact-laws")
    return Words(
        pair, str(access), "T1", ("exact-laws", *_last(pair, o.metadata)), rests, _no_verdict(pair, o.metadata)
    )


def pool_words(pool: Pool, request: Request) -> Words:
    """Of a certificate over a pool file."""
    pair = pair_of(pool.metadata, request)
    if request.method == "finite-population":
        assumptions: tuple[str, ...] = ("complete-sets",)
        rests = RestsOn(lower="complete-sets", upper="complete-sets")
    else:
        # Product of moments <= moment of the average law to the same power, so T17 holds for draws of different laws too.
        rows = "pooled-stratified" if pool.metadata.get("design") == "independent" else "pooled-rows"
        assumptions = (rows, "arms-independent" if arms_independent(pool) else "arms-dependent", "fixed-size")
        rests = RestsOn(lower="range", upper="pooled-sample")
    theorem = "T18" if request.method == "finite-population" else "T17"
    return Words(
        pair,
        str(pool.metadata.get("access", "pooled-signal")),
        theorem,
        (*assumptions, *_last(pair, pool.metadata)),
        rests,
        _no_verdict(pair, pool.metadata),
    )


def arms_independent(pool: Pool) -> bool:
    """Only where the file says so: otherwise half as many samples count (T17)."""
    return pool.metadata.get("arms") == "independent"


def owners_of(
    codes: Integers, names: tuple[str, ...], prompts: Integers, prompt_names: tuple[str, ...]
) -> tuple[Integers, tuple[str, ...]]:
    """The units of the worst case: owners, or prompts where there is one owner only."""
    return (codes, names) if len(names) >= LEAST_OWNERS else (prompts, prompt_names)


def pairs_needed(margin: float, delta: float) -> int | None:
    """Pairs of outputs after which a unit without any disagreement has its order-free upper end at or below `margin`.

    >>> pairs_needed(0.02, 0.05)
    80
    """
    if not 0.0 < margin < LN2:
        return None if margin <= 0.0 else 0
    m = 1.0 - margin / LN2

    def enough(pairs: int) -> bool:
        n = 2 * pairs
        return log_mixture(np.ones(1), np.array([n]), n, delta, m) >= math.log(2.0 / delta) + 1e-9 * (1 + math.log(n))

    high = 1
    while not enough(high):
        high *= 2
        if high > 1 << 40:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def certainly_above(log_e: Any, delta: float) -> list[int]:
    """Units named by closed testing at delta/2 with averaged e-values: every set that holds the unit must have a mean of at least 2/delta.

    >>> certainly_above([math.log(1000.0), 0.0, 0.0], 0.05), certainly_above([math.log(100.0), 0.0, 0.0], 0.05)
    ([0], [])
    """
    e = np.exp(np.minimum(np.asarray(log_e, dtype=float), 600.0))
    order = np.argsort(e, kind="stable")
    units = []
    for j in range(e.size):
        others = e[order[order != j]]
        sizes = np.arange(1, e.size + 1)
        means = (e[j] + np.concatenate([[0.0], np.cumsum(others)])) / sizes
        if float(means.min()) >= 2.0 / delta:
            units.append(j)
    return units
