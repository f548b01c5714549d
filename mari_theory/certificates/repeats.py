"""Evidence that comes twice: one file under two names, one set of rows in two files, one draw counted again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mari_theory.certificates.digests import sha256
from mari_theory.certificates.scores import ScoreBatch, Scores, batches_digest
from mari_theory.errors import ArgumentError, require


def refuse_copies(paths: Sequence[Path]) -> list[str]:
    """SHA-256 of each file. Raises `ArgumentError` where two of them are one file under any name."""
    digests: dict[str, Path] = {}
    for p in paths:
        digest = sha256(p)
        require(digest not in digests, "files", "each file once", f"{p.name}, a copy of {digests.get(digest, p).name}")
        digests[digest] = p
    return list(digests)


def refuse_repeats(
    paths: Sequence[Path], batches: Sequence[Sequence[ScoreBatch]], metadata: Sequence[dict[str, Any]], scores: Scores
) -> list[str]:
    """Digest of each file's rows. Raises `ArgumentError` where rows, draws or a whole block of rows come twice."""
    digests: dict[str, Path] = {}
    for p, part in zip(paths, batches, strict=True):
        digest = batches_digest(part)
        require(
            digest not in digests, "files", "each file once", f"{p.name}, the rows of {digests.get(digest, p).name}"
        )
        digests[digest] = p
    if scores.draw is not None:
        seeds = [json.dumps(m.get("seed"), sort_keys=True) for m in metadata]
        which = np.repeat([seeds.index(s) for s in seeds], [sum(b.arm.size for b in part) for part in batches])
        keys = np.stack([which, scores.arm, scores.draw], axis=1)
        unique, counts = np.unique(keys, axis=0, return_counts=True)
        again = np.flatnonzero(counts > 1)
        if again.size:
            seed, arm, draw = unique[again[0]].tolist()
            raise ArgumentError(
                "draw",
                "each draw of an arm and seed once",
                f"draw {draw} of arm {arm}, seed {seeds[seed]}, {int(counts[again[0]])} times",
            )
    period = _period(scores)
    require(period is None, "files", "rows that are not the same rows over again", f"the same {period} rows repeated")
    return list(digests)


def _period(s: Scores) -> int | None:
    """Length of a block of which the whole sample is copies, where no chance could have made it."""
    table = np.stack([s.prompt, s.arm, s.log_p.view(np.int64), s.log_q.view(np.int64)], axis=1)
    n = len(table)
    _, counts = np.unique(table, axis=0, return_counts=True)
    surprise = -np.log(max(float(counts.max()) / n, 1e-300))
    for copies in range(2, min(n // 2, 1024) + 1):
        length = n // copies
        # Two independent blocks agree with probability at most (largest share of a row) ^ length.
        if n % copies == 0 and length * surprise > 30 and bool(np.array_equal(table[length:], table[:-length])):
            return length
    return None
