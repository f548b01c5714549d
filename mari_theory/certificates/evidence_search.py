"""Where the evidence of a certificate lies: by its hash, whatever it is called now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mari_theory.certificates.digests import sha256
from mari_theory.errors import ArgumentError, require


def find_evidence(
    certificate: Path, entries: Sequence[tuple[str, str]], paths: Sequence[Path] | None = None
) -> list[Path]:
    """A file for each (name, SHA-256): by hash among `paths`, or beside the certificate, in ../scores and in the working folder.

    Where no hash fits, the file of that name, so that the checker tells the change. Raises `ArgumentError` where there is none.
    """
    folders = (certificate.parent, certificate.parent.parent / "scores", Path.cwd())
    for p in paths or []:
        require(p.is_file(), "--evidence", "existing files", p)
    files = []
    for k, (name, digest) in enumerate(entries):
        require(Path(name).name == name, "certificate, evidence", "file names without folders", name)
        near = [p for p in (paths or [f / name for f in folders]) if p.is_file()]
        fits = [p for p in near if sha256(p) == digest]
        namesakes = [p for p in near if p.name == name]
        if not fits and not namesakes and paths and len(paths) == len(entries):
            namesakes = [paths[k]]
        if not fits and not namesakes:
            raise ArgumentError("--evidence", f"the file {name} beside the certificate, or its path", "nothing found")
        files.append((fits or namesakes)[0])
    return files
