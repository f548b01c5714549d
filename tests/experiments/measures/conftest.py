"""An arm of each of the two saved models."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def arms(models: Path) -> tuple[list[str], list[str]]:
    return [str(models / "a")], [str(models / "b")]
