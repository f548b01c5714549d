"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mari_theory import ArgumentError
from mari_theory.certificates.files import write_scores


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((ArgumentError, KeyError)):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "oracle"})
    with pytest.raises(ArgumentError, match="pair"):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "other"})
    assert list(tmp_path.iterdir()) == []
