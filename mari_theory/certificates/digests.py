"""Digests of evidence: of a file's bytes, and of its rows whatever their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

_AT_ONCE = 1 << 16
"""Hashes in memory at once."""


@dataclass(frozen=True)
class FileDigest:
    """What binds a certificate to one evidence file."""

    file: str
    """Its name, without the folder."""
    sha256: str
    """Hex digest of its bytes."""
    rows: str
    """Hex digest of its rows, the same in any order and compression."""
    bytes: int
    """Its size."""


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def sum_digest(rows: Iterable[bytes]) -> str:
    """Hash of the sum of the rows' hashes and of their number: the same in any order."""
    total, n, rest = 0, 0, iter(rows)
    while hashes := [hashlib.blake2b(row, digest_size=32).digest() for row in islice(rest, _AT_ONCE)]:
        words = np.frombuffer(b"".join(hashes), dtype="<u4").reshape(-1, 8).sum(axis=0, dtype=np.uint64)
        total += sum(int(word) << (32 * k) for k, word in enumerate(words))
        n += len(hashes)
    return hashlib.sha256(f"{n} {total % (1 << 256)}".encode()).hexdigest()
