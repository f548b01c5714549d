r"""How alike two answers are: one positive definite kernel on token sequences.

.. math:: k(x, y) = \tfrac14 \sum_{f \in \{2, 4, prefix, place\}} \frac{k_f(x, y)}{\sqrt{k_f(x, x) k_f(y, y)}}

k_2 and k_4 count common runs of two and of four tokens wherever they stand (Leslie, Eskin and Noble 2002), k_prefix is the length of
the common beginning and k_place the number of places with the same token (Hamming). Every answer ends with a token of its own, so each
part is 1 for equal answers and k lies in [0, 1]. The value depends on the two answers alone, never on the others: bets may rest on it.

Why four: runs see answers that are shifted against each other, places see answers of one form, the beginning and long runs see a text
that is repeated whole. Chosen by power on sequence laws and seeds that no reported figure uses (docs/results/answers.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from mari_theory.errors import require
from mari_theory.units import Floats, Integers

UNITS = ("characters", "words")
"""What a token is: one character, or one word or punctuation mark."""
RUNS = (2, 4)
"""Lengths of the runs of tokens that are counted."""
END, PAD = 0, -1
_CELLS = 1 << 24


def token_kernel(texts: Sequence[str], unit: str = "characters") -> Floats:
    """k of every pair of texts: symmetric, positive semidefinite, in [0, 1] with 1 on the diagonal, shape (texts, texts).

    `unit` is `characters` or `words`. Raises `ArgumentError` on another unit, on no text and on what is no text.

    >>> k = token_kernel(["the cat sat", "the cat sat", "a dog"])
    >>> k[0].round(2).tolist()
    [1.0, 1.0, 0.06]
    """
    require(unit in UNITS, "unit", " or ".join(UNITS), unit)
    ok = len(texts) > 0 and all(isinstance(t, str) for t in texts)
    require(ok, "texts", "at least one text", list(texts)[:3])
    distinct = {t: k for k, t in enumerate(dict.fromkeys(texts))}
    codes = _codes(list(distinct), unit)
    parts = [*(_runs(codes, k) for k in RUNS), *_places(codes)]
    kernel = sum((_cosine(part) for part in parts), np.zeros((len(codes), len(codes)))) / len(parts)
    at = [distinct[t] for t in texts]
    return np.asarray(kernel[np.ix_(at, at)])


def _codes(texts: list[str], unit: str) -> Integers:
    """Tokens as numbers from 1, then END, then PAD: shape (texts, longest + 1)."""
    rows = [list(t) if unit == "characters" else re.findall(r"\w+|[^\w\s]", t) for t in texts]
    numbers = {token: k for k, token in enumerate(dict.fromkeys(x for row in rows for x in row), 1)}
    codes = np.full((len(rows), max(map(len, rows)) + 1), PAD, dtype=np.int64)
    for k, row in enumerate(rows):
        codes[k, : len(row)] = [numbers[x] for x in row]
        codes[k, len(row)] = END
    return codes


def _runs(codes: Integers, k: int) -> Floats:
    """Common runs of k tokens, one from every token on, counted as often as both have them; the end goes on for ever."""
    rows, columns = np.nonzero(codes != PAD)
    tokens = np.pad(np.maximum(codes, END), ((0, 0), (0, k - 1)))
    base = int(codes.max()) + 1
    runs = np.zeros(rows.size, dtype=np.int64)
    for step in range(k):
        runs = np.unique(runs * base + tokens[rows, columns + step], return_inverse=True)[1].ravel()
    counts = csr_matrix((np.ones(rows.size), (rows, runs)), shape=(len(codes), int(runs.max()) + 1))
    return np.asarray((counts @ counts.T).toarray())


def _places(codes: Integers) -> tuple[Floats, Floats]:
    """Length of the common beginning, and number of places with the same token; in blocks, for memory."""
    n = len(codes)
    prefix, place = np.empty((n, n)), np.empty((n, n))
    block = max(1, _CELLS // codes.size)
    for first in range(0, n, block):
        here = codes[first : first + block, None]
        same = (here == codes[None]) & (here != PAD)
        place[first : first + block] = same.sum(axis=2)
        prefix[first : first + block] = np.where(same.all(axis=2), same.shape[2], np.argmin(same, axis=2))
    return prefix, place


def _cosine(kernel: Floats) -> Floats:
    root = np.sqrt(np.diag(kernel))
    return np.asarray(kernel / np.outer(root, root))
