"""A constant off by 1 %: the evidence of every theorem must notice. Each room says what to change."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from mari_theory import THEOREMS
from proofs.kit.mutations import Mutation
from proofs.theorems import module_name, rooms

ROOMS = rooms()
MUTATIONS = [(name, m) for name, evidence in ROOMS.items() for m in evidence.mutations]


@pytest.mark.parametrize(
    ("name", "mutation"), MUTATIONS, ids=[f"{name}: {m.target} ({m.kind}) {k}" for k, (name, m) in enumerate(MUTATIONS)]
)
def test_a_changed_constant_fails(monkeypatch: pytest.MonkeyPatch, name: str, mutation: Mutation) -> None:
    module = import_module(module_name(name))
    check = getattr(ROOMS[name], mutation.kind)
    monkeypatch.setattr(module, mutation.target, mutation.change(getattr(module, mutation.target)))
    if mutation.kind == "enclosure":
        assert not check(np.random.default_rng(3), 100).ok
    else:
        outcome = check(np.random.default_rng(3), 2000)
        assert not outcome.ok or (outcome.tightness or 0.0) > 1 + 1e-6


def test_every_theorem_is_mutated() -> None:
    assert {name for name, m in MUTATIONS if m.kind == "random"} == set(THEOREMS)
    assert len(MUTATIONS) >= 62
