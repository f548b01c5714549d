"""Every law's divergence or information against simulation of its own likelihoods (false-alarm budget 1e-6 a table)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest

from estimators import information_terms
from mari_theory.families import (
    DENSITY_PAIRS,
    MARKOV_PAIRS,
    PAIRS,
    zipf,
)
from tests.mari_theory.families.simulation import close


class Law(Protocol):
    """What every pair of arms has."""

    def jsd(self) -> float: ...

    def sample(self, arm: int, n: int, rng: np.random.Generator) -> np.ndarray: ...

    def log_likelihoods(self, x: Any) -> tuple[np.ndarray, np.ndarray]: ...


LAWS: dict[str, Law] = {**PAIRS, **DENSITY_PAIRS, **MARKOV_PAIRS, "zipf 1e-2": zipf(1e-2), "zipf 0.6": zipf(0.6)}


@pytest.mark.parametrize("name", LAWS)
def test_sampled_terms_have_the_stated_divergence(name: str, rng: np.random.Generator) -> None:
    law = LAWS[name]
    means = []
    for arm in (0, 1):
        y, _ = information_terms(*law.log_likelihoods(law.sample(arm, 10_000, rng)))
        means.append(y)
    assert close((means[0] + means[1]) / 2, law.jsd(), len(LAWS))
