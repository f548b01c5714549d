"""Digests of evidence: of a file's bytes, and of its rows whatever their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


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


def sum_digest(rows: Iterator[bytes]) -> str:
    """Hash of the sum of the rows' hashes and of their number: the same in any order."""
    total, n = 0, 0
    for row in rows:
        total += int.from_bytes(hashlib.blake2b(row, digest_size=32).digest(), "little")
        n += 1
    return hashlib.sha256(f"{n} {total % (1 << 256)}".encode()).hexdigest()
