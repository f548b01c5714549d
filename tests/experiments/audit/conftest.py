"""One finished audit for every test and every worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.audit.run import run_audit
from tests.conftest import made_once
from tests.experiments.audit.small import small


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run; copy it before changing it."""
    return made_once(tmp_path_factory, "audit", lambda out: run_audit(small(), out))
