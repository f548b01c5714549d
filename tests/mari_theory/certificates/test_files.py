"""The one reader of evidence: every broken shape, every way to count rows twice, every way to mix what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError
from tests.mari_theory.certificates.build import coins, option_file, pool


def test_kinds_of_evidence_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="files of one kind"):
        certify_files([coins(tmp_path / "s.parquet"), pool(tmp_path / "p.npz")])
    with pytest.raises(ArgumentError, match="one option file"):
        certify_files([option_file(tmp_path / "a.parquet"), option_file(tmp_path / "b.parquet", 1)])
