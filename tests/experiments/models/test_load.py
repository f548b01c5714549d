"""Models from folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.models.load import load_model
from mari_theory import ArgumentError


def test_folders_without_safetensors_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArgumentError, match="safetensors"):
        load_model(tmp_path)
    with pytest.raises(ArgumentError, match="model"):
        load_model(tmp_path / "nowhere")
