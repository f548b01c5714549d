"""From evidence files to a `Certificate`."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mari_theory
from estimators.intervals import INTERVALS
from estimators.likelihood_ratio import certify_likelihood_ratio
from estimators.pooled import UPPER_BOUNDS, certify_pooled
from estimators.results import Certified
from mari_theory.certificates.certificate import Certificate, implications, verdict_for
from mari_theory.errors import require, require_fraction
from mari_theory.certificates.files import PAIRS, kind_of, merge_scores, read_pool, read_scores, sha256

ACCESS = {
    "score": "one sampled output together with its prompt",
    "pool": "one draw of the pooled signal, without its prompt",
}
LIMITS = (
    "says nothing about greedy decoding, probabilities, weights, relearning or other prompts (T28)",
    "arms are these models; training randomness enters only as far as an arm averages seeds (T25)",
)


def certify_files(
    files: Sequence[Path],
    confidence: float = 0.95,
    margin: float = 0.01,
    interval: str | None = None,
    pair: str | None = None,
) -> Certificate:
    """Certificate for score files of one pair (concatenated in order) or for one pool file.

    `interval` names an entry of `estimators.INTERVALS` (default `betting`); for pool files `pooled-fast-rate` (default) or
    `pooled-bounded-differences`; a pool marked as finite population is certified exactly (T18).
    Raises `ArgumentError` on any fault of the files.
    """
    require_fraction("confidence", confidence)
    require(math.isfinite(margin) and margin >= 0, "margin", "a number at least 0", margin)
    require(len(files) > 0, "files", "at least one evidence file", "none")
    paths = [Path(f) for f in files]
    kinds = {kind_of(f) for f in paths}
    require(len(kinds) == 1, "files", "files of one kind", sorted(kinds))
    kind = kinds.pop()
    direct: dict[str, Any] = {}
    if kind == "score":
        name = "betting" if interval is None else interval
        require(name in INTERVALS, "interval", ", ".join(INTERVALS), name)
        scores = merge_scores([read_scores(f) for f in paths])
        metadata = scores.metadata
        result = certify_likelihood_ratio(
            scores.log_p,
            scores.log_q,
            scores.arm,
            confidence,
            INTERVALS[name],
            design=metadata.get("design", "iid"),
        )
        estimate = result.jsd
        direct = {
            "total_variation": _ends(result.total_variation),
            "auc": _ends(result.auc),
            "roc": {
                "fpr": _thin(result.roc.fpr),
                "tpr": _thin(result.roc.tpr),
                "tpr_low": _thin(result.roc.tpr_low),
                "tpr_high": _thin(result.roc.tpr_high),
            },
        }
    else:
        require(len(paths) == 1, "files", "one pool file", len(paths))
        pool = read_pool(paths[0])
        metadata = pool.metadata
        complete = bool(metadata.get("finite_population", False))
        name = "pooled-fast-rate" if interval is None else interval
        require(name in UPPER_BOUNDS, "interval", f"{', '.join(UPPER_BOUNDS)} for a pool file", name)
        method = UPPER_BOUNDS[name]
        estimate = certify_pooled(pool.p_mean, pool.q_mean, pool.n, pool.m, confidence, complete, method)
    stated = metadata.get("pair")
    require(stated or pair, "--pair", f"one of {', '.join(PAIRS)}, as the file does not say", "nothing")
    require(pair in (None, stated) or not stated, "--pair", f"{stated}, as the file says", pair)
    claimed_pair = stated or pair
    upper, lower = estimate.interval.upper, estimate.interval.lower
    exact = estimate.interval.method == "finite-population"
    access = metadata.get("access", ACCESS[kind])
    return Certificate(
        claim={"pair": claimed_pair, "quantity": estimate.quantity, **_claim(estimate)},
        implies=implications(upper),
        margin=margin,
        verdict=verdict_for(lower, upper, margin),
        access=access,
        assumptions=(*estimate.interval.assumptions, *LIMITS),
        errors={"statistical": 0.0 if exact else upper - estimate.value, "rounding": upper - lower if exact else 1e-12},
        evidence=[{"file": f.name, "kind": kind, "sha256": sha256(f), "bytes": f.stat().st_size} for f in paths],
        direct=direct,
        metadata=metadata,
        versions={"mari": mari_theory.__version__, "numpy": np.__version__, "python": platform.python_version()},
    )


def _claim(e: Certified) -> dict[str, Any]:
    i = e.interval
    return {
        "lower": i.lower,
        "upper": i.upper,
        "estimate": e.value,
        "confidence": i.confidence,
        "unit": e.unit,
        "method": i.method,
        "theorem": i.theorem,
        "n": e.n,
    }


def _ends(e: Certified) -> dict[str, float]:
    return {"estimate": e.value, "lower": e.interval.lower, "upper": e.interval.upper}


def _thin(curve: Any) -> list[float]:
    return [float(x) for x in curve[::8]]
