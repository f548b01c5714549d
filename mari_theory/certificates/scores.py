"""Rows of score files in memory: which arm generated each output, and its log-likelihood (nats) under both arms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mari_theory.certificates.digests import FileDigest, sum_digest
from mari_theory.certificates.parquet import codes_of
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Floats, Integers

ROUNDING = 1e-6
"""A log-likelihood this far above 0 is the rounding of a float32 score."""


@dataclass(frozen=True)
class Scores:
    """Rows of score files: which arm generated each output and its log-likelihood (nats) under both.

    `prompt`, `cluster`: codes into the names `prompts`, `clusters`. `draw`, `tokens`: None where a file has no such column.
    """

    arm: NDArray[np.int8]
    """Which arm generated each row: 0 (P) or 1 (Q)."""
    log_p: Floats
    """Log-likelihood of the whole output under P, nats; -inf allowed on rows of Q."""
    log_q: Floats
    """The same under Q."""
    prompt: Integers
    """Which of `prompts` each row belongs to."""
    cluster: Integers
    """Which of `clusters` (owners) each row belongs to."""
    prompts: tuple[str, ...]
    """Names of prompts."""
    clusters: tuple[str, ...]
    """Names of owners."""
    draw: Integers | None = None
    """Number of the draw within arm and seed; None where the files have none."""
    tokens: Integers | None = None
    """Length of each output; None where the files have none."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the files say of themselves."""
    files: tuple[FileDigest, ...] = ()
    """Digests of the files that were read; empty for rows made in memory."""

    def only(self, owner: str | None, prompt: str | None) -> Scores:
        """The rows of one owner, or of one prompt; all of them where neither is named. Raises `ArgumentError` on an unknown name."""
        if owner is None and prompt is None:
            return self
        keep = np.ones(self.arm.size, dtype=bool)
        for name, choice, names, codes in (
            ("owner", owner, self.clusters, self.cluster),
            ("prompt", prompt, self.prompts, self.prompt),
        ):
            if choice is not None:
                require(
                    choice in names, name, f"one of {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}", choice
                )
                keep &= codes == names.index(choice)
        rows = np.flatnonzero(keep)
        require(rows.size > 0, "owner, prompt", "a prompt of that owner", (owner, prompt))
        prompts, prompt_codes = np.unique(self.prompt[rows], return_inverse=True)
        clusters, cluster_codes = np.unique(self.cluster[rows], return_inverse=True)
        return replace(
            self,
            arm=self.arm[rows],
            log_p=self.log_p[rows],
            log_q=self.log_q[rows],
            prompt=prompt_codes.astype(np.int64),
            cluster=cluster_codes.astype(np.int64),
            prompts=tuple(self.prompts[int(k)] for k in prompts),
            clusters=tuple(self.clusters[int(k)] for k in clusters),
            draw=None if self.draw is None else self.draw[rows],
            tokens=None if self.tokens is None else self.tokens[rows],
        )

    @property
    def gap(self) -> Floats:
        """log q - log p of each row, cut at 1e300 so that it can be counted with."""
        return np.asarray(np.clip(self.log_q - self.log_p, -1e300, 1e300))

    @property
    def design(self) -> str | None:
        """How the rows were drawn; None where the files do not say."""
        design = self.metadata.get("design")
        return None if design is None else str(design)

    @property
    def stopping(self) -> str:
        """`fixed` unless the files say `anytime`."""
        return str(self.metadata.get("stopping", "fixed"))


@dataclass(frozen=True)
class ScoreBatch:
    """Some rows of one score file, checked. Names, not codes: files are merged by name."""

    prompt: NDArray[np.object_]
    """Name of each row's prompt."""
    cluster: NDArray[np.object_]
    """Name of its owner."""
    arm: NDArray[np.int8]
    """0 (P) or 1 (Q)."""
    log_p: Floats
    """Nats."""
    log_q: Floats
    """Nats."""
    draw: Integers | None
    """None where the file has no such column."""
    tokens: Integers | None
    """None where the file has no such column."""

    def rows(self, at: Integers) -> ScoreBatch:
        """Some of the rows."""
        draw, tokens = (None if x is None else x[at] for x in (self.draw, self.tokens))
        return ScoreBatch(self.prompt[at], self.cluster[at], self.arm[at], self.log_p[at], self.log_q[at], draw, tokens)


def check_likelihoods(log_p: Any, log_q: Any, arm: Any, where: str = "") -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Validated rows: arms 0 and 1, no NaN, nothing above 0, nothing that its own arm cannot have written.

    >>> check_likelihoods([-1.0], [-np.inf], [0])[2].tolist()
    [0]
    """
    lp, lq = np.asarray(log_p, dtype=float), np.asarray(log_q, dtype=float)
    arms = np.asarray(arm)
    same = lp.ndim == 1 and lp.shape == lq.shape == arms.shape
    require(same, f"{where}log_p, log_q, arm", "one-dimensional arrays of one length", (lp.shape, lq.shape, arms.shape))
    known = bool(np.all((arms == 0) | (arms == 1)))
    require(known, f"{where}arm", "only 0 (P) and 1 (Q)", np.unique(arms)[:4].tolist())
    for name, x, own in (("log_p", lp, 0), ("log_q", lq, 1)):
        top = float(x.max()) if x.size else 0.0
        require(top == top, f"{where}{name}", "numbers", "NaN")
        require(top <= ROUNDING, f"{where}{name}", "log-likelihoods at most 0", top)
        impossible = bool(np.any(np.isneginf(x) & (arms == own)))
        require(not impossible, f"{where}{name}", "finite values on rows that this arm generated", "-inf")
    return lp, lq, arms.astype(np.int8)


def scores_of(rows: Sequence[ScoreBatch], metadata: dict[str, Any]) -> Scores:
    """Batches as one sample."""
    prompt, prompts = codes_of(np.concatenate([b.prompt for b in rows]))
    cluster, clusters = codes_of(np.concatenate([b.cluster for b in rows]))
    draw, tokens = (
        None if any(getattr(b, n) is None for b in rows) else np.concatenate([getattr(b, n) for b in rows])
        for n in ("draw", "tokens")
    )
    return Scores(
        np.concatenate([b.arm for b in rows]),
        np.concatenate([b.log_p for b in rows]),
        np.concatenate([b.log_q for b in rows]),
        prompt,
        cluster,
        prompts,
        clusters,
        draw,
        tokens,
        metadata,
    )


def require_one_owner(s: Scores) -> None:
    """Raise `ArgumentError` where a prompt has rows of two owners."""
    first = np.full(len(s.prompts), -1, dtype=np.int64)
    first[s.prompt[::-1]] = s.cluster[::-1]
    other = np.flatnonzero(first[s.prompt] != s.cluster)
    if other.size:
        r = int(other[0])
        names = (s.clusters[int(first[s.prompt[r]])], s.clusters[int(s.cluster[r])])
        raise ArgumentError("cluster_id", f"one owner for prompt {s.prompts[int(s.prompt[r])]!r}", names)


def batches_digest(batches: Sequence[ScoreBatch]) -> str:
    """Hex digest of the rows of a score file, the same in any order."""

    def rows() -> Iterator[bytes]:
        for b in batches:
            draw = np.full(b.arm.size, -1, dtype=np.int64) if b.draw is None else b.draw
            numbers = np.stack([b.arm.astype(np.int64), b.log_p.view(np.int64), b.log_q.view(np.int64), draw], axis=1)
            for name, owner, row in zip(b.prompt, b.cluster, np.ascontiguousarray(numbers), strict=True):
                yield f"{name}\0{owner}\0".encode() + row.tobytes()

    return sum_digest(rows())
