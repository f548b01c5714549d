"""Shape and type annotations are checked while the tests run; arrays come from every backend.

Tests marked `coq` or `gpu` are skipped where there is no Coq or no accelerator; the run's CPU time is written down (`cpu_time`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Two test processes on two cores: more threads would only wait for each other.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from filelock import FileLock

from tests import type_checks

type_checks.install(["mari_theory", "estimators"])

import numpy as np
import pytest
from hypothesis import settings

from tests.cpu_time import CpuTime

try:
    import torch

    torch.set_num_threads(1)
except ImportError:  # pragma: no cover
    torch = None  # type: ignore[assignment]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to ask makes, and all others read."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / f"{name}-of-all-workers"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            part = folder.with_suffix(".part")
            make(part)
            part.rename(folder)
    return folder


BACKENDS = ["numpy float64", "numpy float32", *(["torch float64", "torch float32"] if torch else [])]

MISSING = {
    "coq": None if shutil.which("coqc") else "Coq is not installed",
    "gpu": None if torch and torch.accelerator.is_available() else "no accelerator",
}


# A property tries this many inputs in the fast run, ten times as many where every call is checked (`make types`).
INPUTS = 40
settings.register_profile("fast", deadline=None, max_examples=INPUTS)
settings.register_profile("long", deadline=None, max_examples=10 * INPUTS)
settings.load_profile("long" if os.environ.get(type_checks.EVERY_CALL) else "fast")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(CpuTime(config.rootpath))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, reason in MISSING.items():
        if reason and item.get_closest_marker(marker):
            pytest.skip(reason)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Turn a float64 array into this backend's."""
    library, dtype = request.param.split()
    if library == "numpy":
        return lambda x: np.asarray(x, dtype=dtype)
    return lambda x: torch.tensor(np.asarray(x), dtype=getattr(torch, dtype))


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded; every statistical test states its false-alarm budget."""
    return np.random.default_rng(20261121)
