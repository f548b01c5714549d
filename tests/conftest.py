"""Shape and type annotations are checked while the tests run; arrays come from every backend."""

from __future__ import annotations

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

try:
    import torch

    torch.set_num_threads(1)
except ImportError:  # pragma: no cover
    torch = None  # type: ignore[assignment]

BACKENDS = ["numpy float64", "numpy float32", *(["torch float64", "torch float32"] if torch else [])]


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
