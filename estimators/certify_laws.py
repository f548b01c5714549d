"""From enumerated laws (option files) and pooled means (pool files) to the numbers of a certificate (T1, T17, T18)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from estimators.certificate_numbers import CertificateNumbers
from estimators.exact import LawEnds, law_ends
from estimators.pooled import UPPER_BOUNDS, certify_pooled
from mari_theory.certificates import rules
from mari_theory.certificates.arrangement import groups
from mari_theory.certificates.certificate import Ends, Request, Units
from mari_theory.certificates.files import digest_of, read_options, read_pool
from mari_theory.errors import require
from mari_theory.units import LN2, Integers


def numbers_of_options(
    path: Path, interval: str | None, request: Callable[[str, object], Request]
) -> CertificateNumbers:
    """Exact ends of enumerated laws, on average and law by law. Raises `ArgumentError` on an interval other than `exact-laws`."""
    require(interval in (None, "exact-laws"), "interval", "exact-laws for an option file", interval)
    o = read_options(path)
    query = request("exact-laws", o.metadata.get("pair"))
    o = o.only(query.owner, query.prompt)
    words = rules.option_words(o, query)
    ends = law_ends(o)
    prompts = np.arange(len(o.prompts))
    owner, owners = rules.owners_of(o.cluster, o.clusters, prompts, o.prompts)
    estimate, lower, upper = ends.average("total_variation", prompts, 1.0)
    return CertificateNumbers(
        request=query,
        words=words,
        metadata=o.metadata,
        files=(digest_of(path),),
        n=len(o.laws),
        prompts=len(o.prompts),
        owners=len(owners),
        exact=True,
        present=(),
        jsd=ends.average("divergence", prompts, LN2),
        total_variation=Ends(estimate=estimate, lower=lower, upper=upper),
        by_owner=_exact_units(ends, owner, owners, query.margin),
        by_prompt=_exact_units(ends, prompts, o.prompts, query.margin),
        has_room=True,
    )


def _exact_units(ends: LawEnds, codes: Integers, names: tuple[str, ...], margin: float) -> Units:
    averages = [ends.average("divergence", rows, LN2) for rows in groups(codes, len(names))]
    lows, highs = np.array([a[1] for a in averages]), np.array([a[2] for a in averages])
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


def numbers_of_pool(path: Path, interval: str | None, request: Callable[[str, object], Request]) -> CertificateNumbers:
    """Ends from pooled means (T17), or exact ones where the sets are complete (T18). Raises `ArgumentError` on another interval."""
    pool = read_pool(path)
    complete = pool.metadata.get("finite_population", False)
    require(isinstance(complete, bool), f"{path.name}, finite_population", "true or false", complete)
    name = "pooled-fast-rate" if interval is None else interval
    require(name in UPPER_BOUNDS, "interval", f"{', '.join(UPPER_BOUNDS)} for a pool file", name)
    query = request("finite-population" if complete else name, pool.metadata.get("pair"))
    words = rules.pool_words(pool, query)
    independent = rules.arms_independent(pool)
    if name == "pooled-bounded-differences" and not complete:
        require(independent, "interval", "pooled-fast-rate for a pool that does not say arms: independent", name)
    bound = certify_pooled(
        pool.p_mean,
        pool.q_mean,
        pool.n,
        pool.m,
        1.0 - rules.level_of(query, "divergence"),
        finite_population=complete,
        bound=UPPER_BOUNDS[name],
        arms_independent=independent or complete,
    )
    return CertificateNumbers(
        request=query,
        words=words,
        metadata=pool.metadata,
        files=(digest_of(path),),
        n=pool.n + pool.m,
        exact=complete,
        present=() if complete else ("divergence",),
        jsd=(bound.value, bound.interval.lower, min(bound.interval.upper, LN2)),
    )
