"""The folder that is handed over: statement, report, certificates, evidence, and the SHA-256 of every file."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.audit.results import Run
from experiments.config import RunConfig
from experiments.labels import slug
from experiments.measures.result import PairResult, Row
from experiments.models.banks import open_bank
from experiments.models.device import plain
from experiments.models.load import save_model
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.digests import sha256
from mari_theory.certificates.files import write_text

SUMS = "SHA256SUMS"
"""Digests of all files, as `sha256sum -c` reads them."""


def certificates_of(run: Run) -> dict[str, Certificate]:
    """Of every row to the oracles, whole outputs and rungs: file stem -> certificate."""
    found: dict[str, Certificate] = {}
    for row in run.rows:
        found |= {f"{slug(row.name)}-{name}": pair.certificate for name, pair in _pairs(row).items()}
    return found


def hand_over(run: Run, audit: Path, out: Path, pages: dict[str, str]) -> list[Path]:
    """Copy certificates with their evidence and the report from an audit's folder, write `pages` (name -> HTML) and the digests; all files."""
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for folder in ("certificates", "scores"):
        (part / folder).mkdir(parents=True)
    for name, certificate in certificates_of(run).items():
        certificate.save(part / "certificates" / f"{name}.json")
        for e in certificate.evidence:
            shutil.copyfile(audit / "scores" / e.file, part / "scores" / e.file)
    shutil.copyfile(audit / "report.html", part / "report.html")
    for name, text in pages.items():
        write_text(part / name, text)
    write_text(part / SUMS, sums(part))
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)
    return sorted(p for p in out.rglob("*") if p.is_file())


def sums(folder: Path) -> str:
    """A line a file below the folder, in order, the list itself left out."""
    files: Sequence[Path] = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != SUMS)
    return "".join(f"{sha256(p)}  {p.relative_to(folder).as_posix()}\n" for p in files)


def save_unlearned(config: RunConfig, audit: Path, label: str, out: Path) -> None:
    """The unlearned model as a folder of its own, an adapter merged."""
    bank = open_bank(config, audit)
    bare: Any = plain(bank.start_from(slug(label)))
    final = bare.merge_and_unload() if hasattr(bare, "merge_and_unload") else bare
    save_model(final.float().cpu(), bank.tokenizer, out)


def _pairs(row: Row) -> dict[str, PairResult]:
    return {"oracle": row.pairs["oracle"], **row.rungs}
