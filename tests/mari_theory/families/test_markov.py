"""Markov chains: the chain rule and path information."""

from __future__ import annotations

import numpy as np
import pytest

from mari_theory.families import (
    MARKOV_PAIRS,
)
from tests.mari_theory.families.simulation import close


@pytest.mark.parametrize("name", MARKOV_PAIRS)
def test_chain_rule_is_exact(name: str) -> None:
    chain = MARKOV_PAIRS[name]
    assert sum(chain.token_information()) == pytest.approx(chain.jsd(), rel=1e-12)


def test_path_information_is_unbiased(rng: np.random.Generator) -> None:
    chain = MARKOV_PAIRS["two states"]
    terms = [chain.path_information(chain.sample(arm, 5_000, rng)) for arm in (0, 1)]
    assert close((terms[0] + terms[1]) / 2, chain.jsd(), 1)
