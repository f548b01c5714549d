"""An arm of each of the two saved models, and one audit with every rung of the ladder."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.config import select_methods
from tests.conftest import made_once
from tests.experiments.audit.small import RUNGS, SAMPLED_RUNGS, small


@pytest.fixture(scope="session")
def arms(models: Path) -> tuple[list[str], list[str]]:
    return [str(models / "a")], [str(models / "b")]


@pytest.fixture(scope="session")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The original, the oracles and one method on every kind of rung."""
    from experiments.audit.run import run_audit

    config = small(robustness=False, rouge_items=0, channels=RUNGS | SAMPLED_RUNGS, draws=40, shift_draws=20)
    return made_once(tmp_path_factory, "ladder", lambda out: run_audit(select_methods(config, ["MarI pooled 1"]), out))
