r"""A finite channel that is declared before looking: every answer to one of a few categories, and a certified divergence from their counts.

The channel shows (prompt, category). With k answers of each arm to each of m prompts (more are left out by a seeded draw), the arms' laws
are the averages over prompts of the laws to one prompt, and their divergence is the mean over prompts of the divergence between categories.
`certify_counts_jsd` asks for independent draws of one law; here draws of a prompt are of that prompt's law. Its bounds hold all the same:

* T17 and T29 bound the exponential moment of a mean of psi(draw); for independent draws of laws P_i the product of their moments is at most
  the moment under the average law to the same power (the geometric mean is at most the arithmetic one).
* T29's t bounds n KL(p | P), which is the sum over prompts of k KL(p_x | P_x), as the empirical shares of prompts are the true ones: its
  moments multiply to those of m (K - 1) degrees, fewer than the m K - 1 that are counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimators.answers import Answers, Row
from estimators.discrete_intervals import certify_counts_jsd
from estimators.results import Certified
from mari_theory.certificates.pool_files import Pool
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Integers

REST = "other"
"""What no pattern matches."""


@dataclass(frozen=True)
class Categories:
    """All categories that can occur. With patterns the first that is found in the answer names it, else `other`; without, the file does.

    >>> c = Categories.matching(["refusal=(?i)cannot|can't", "number=[0-9]"])
    >>> c.names, [c.index(Row("q", a)) for a in ("I can't.", "42", "Paris")]
    (('refusal', 'number', 'other'), [0, 1, 2])
    """

    names: tuple[str, ...]
    """Two at least, each once."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Of all but the last category; none where the file's column `category` is read."""

    @classmethod
    def matching(cls, texts: Sequence[str]) -> Categories:
        """From `NAME=REGULAR EXPRESSION`, tried in this order. Raises `ArgumentError`."""
        names, patterns = [], []
        for text in texts:
            name, equals, pattern = text.partition("=")
            require(equals and name.strip() and pattern, "category", "NAME=REGULAR EXPRESSION", text)
            try:
                patterns.append(re.compile(pattern))
            except re.error as e:
                raise ArgumentError(f"category {name.strip()}", "a regular expression", f"{pattern}: {e}") from None
            names.append(name.strip())
        return cls(_names([*names, REST]), tuple(patterns))

    @classmethod
    def listed(cls, names: Sequence[str]) -> Categories:
        """Of the column `category`: all that can occur, seen or not. Raises `ArgumentError`."""
        return cls(_names(names))

    def index(self, row: Row) -> int:
        """Which category; raises `ArgumentError` where the file names none, or one that is not listed."""
        if self.patterns:
            return next((k for k, p in enumerate(self.patterns) if p.search(row.answer)), len(self.patterns))
        known = row.category in self.names
        require(known, "category", f"one of {', '.join(self.names)} in every row", row.category or "nothing")
        return self.names.index(str(row.category))

    def describe(self) -> str:
        """For a certificate."""
        how = "; ".join(f"{n}: {p.pattern}" for n, p in zip(self.names, self.patterns, strict=False))
        return (
            f"category of an answer ({how}; else {REST})" if how else f"category of an answer: {', '.join(self.names)}"
        )


@dataclass(frozen=True)
class CategoryResult:
    """Certified divergence of the channel, and what it was counted from."""

    jsd: Certified
    """Mean over prompts, nats."""
    counts: Integers
    """Of P and Q, shape (2, prompts, categories); every prompt as often."""
    categories: Categories
    """The channel."""

    def pool(self, pair: str, **metadata: Any) -> Pool:
        """As a pool file's content: `mari certify` makes a certificate of the upper end (T17), which `mari check` derives again."""
        p, q = self.counts.reshape(2, -1)
        words = {"pair": pair, "access": "category", "arms": "independent", "design": "independent"}
        text = self.categories.describe()
        return Pool(p / p.sum(), q / q.sum(), int(p.sum()), int(q.sum()), {**words, "channel": text, **metadata})


def certify_categories(
    answers: Answers, categories: Categories, confidence: float = 0.95, seed: int = 0
) -> CategoryResult:
    r"""Divergence of (prompt, category), each prompt equally likely, in nats, with an interval (T17 above, T29 below, stratified as above).

    .. math:: \frac1m \sum_x JSD(P_x, Q_x), \quad \text{P_x, Q_x the laws of the category of an answer to x}

    The same number of answers is taken of every prompt and arm, the smallest there is, drawn by `seed` without looking at them. Categories
    must be declared before the answers are seen, and answers be independent draws. Raises `ArgumentError`.

    >>> p, q = [Row("q", "yes")] * 400, [Row("q", "no")] * 400
    >>> result = certify_categories(Answers.of(p, q), Categories.matching(["assent=yes"]))
    >>> result.counts.tolist(), result.jsd.interval.lower > 0.5
    ([[[400, 0]], [[0, 400]]], True)
    """
    k, rng = int(answers.counts.min()), np.random.default_rng([seed, 2])
    counts = np.zeros((2, len(answers.prompts), len(categories.names)), dtype=np.int64)
    for x, both in enumerate(answers.rows):
        for arm, rows in enumerate(both):
            labels = np.array([categories.index(row) for row in rows])
            np.add.at(counts[arm, x], labels[rng.permutation(len(rows))[:k]], 1)
    jsd = certify_counts_jsd(counts[0].ravel(), counts[1].ravel(), confidence, counts[0].size)
    return CategoryResult(jsd, counts, categories)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    ok = len(names) >= 2 and all(names) and len(set(names)) == len(names)
    require(ok, "categories", "two names at least, each once and not empty", ", ".join(names) or "none")
    return tuple(names)
