"""Shape and type annotations are checked while the tests run; arrays come from every backend.

Tests marked `coq` or `gpu` are skipped where there is no Coq or no accelerator; the run's CPU time is written down (`cpu_time`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

_numbers = BeartypeConf(is_pep484_tower=True)


def typechecker(function: Any) -> Any:
    """beartype with int accepted where float is asked for."""
    return beartype(conf=_numbers)(function)


install_import_hook(["mari_theory", "estimators"], "tests.conftest.typechecker")

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests.cpu_time import CpuTime  # noqa: E402

try:
    import torch

    torch.set_num_threads(1)
except ImportError:  # pragma: no cover
    torch = None  # type: ignore[assignment]

BACKENDS = ["numpy float64", "numpy float32", *(["torch float64", "torch float32"] if torch else [])]

MISSING = {
    "coq": None if shutil.which("coqc") else "Coq is not installed",
    "gpu": None if torch and torch.accelerator.is_available() else "no accelerator",
}


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
