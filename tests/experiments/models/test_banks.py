"""Models by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.models.banks import FolderBank
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_vocabularies_must_match(models: Path, tokenizer, tmp_path: Path) -> None:
    from experiments.models.load import save_model

    save_model(tiny_model(300, 8, 1, 1), tokenizer, tmp_path / "wide")
    with pytest.raises(ArgumentError, match="vocabulary"):
        FolderBank([str(models / "a"), str(tmp_path / "wide")])
