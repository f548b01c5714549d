"""Batches small enough for losses by hand."""

from __future__ import annotations

import pytest

from experiments.config import LoopSettings


@pytest.fixture
def settings() -> LoopSettings:
    return LoopSettings(batch_retain=4, batch_forget=3, batch_background=2)
