from __future__ import annotations

import numpy as np
import pytest

from mari_theory import THEOREMS, ArgumentError
from proofs.evidence import CHECKS, ENCLOSED, WHY_ABSENT, kinds, verify


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes(name: str) -> None:
    outcome = CHECKS[name](np.random.default_rng(3), 300)
    assert outcome.ok, outcome.note


def test_verify_reports_every_theorem_of_sections_a_and_b() -> None:
    result = verify(cases=50)
    assert {f"T{k}" for k in range(1, 14)} <= {t["id"] for t in result["theorems"]}
    assert result["failed"] == 0
    states = {t["id"]: t["evidence"]["formal"] for t in result["theorems"]}
    assert states["T7"] == "absent" and states["T4"] in ("pass", "not-built")


def test_every_theorem_has_two_kinds_of_evidence_and_a_reason_for_each_missing_one() -> None:
    for name in THEOREMS:
        there = kinds(name)
        assert sum(there.values()) >= 2, name
        assert {kind for kind, has in there.items() if not has} == set(WHY_ABSENT.get(name, {})), name


@pytest.mark.parametrize("name", ENCLOSED)
def test_every_enclosure_check_passes(name: str) -> None:
    outcome = ENCLOSED[name](np.random.default_rng(3), 20)
    assert outcome.ok, outcome.note


def test_unknown_theorems_are_refused() -> None:
    with pytest.raises(ArgumentError, match="theorem"):
        verify(["T99"])


def test_registry_names_functions_that_exist() -> None:
    import estimators
    import experiments.audit
    import mari_theory
    import mari_theory.detectability
    import mari_theory.enclosures

    places = [mari_theory, estimators, mari_theory.detectability, mari_theory.enclosures, experiments.audit]
    for theorem in THEOREMS.values():
        for name in theorem.functions:
            assert any(hasattr(p, name) for p in places), (theorem.id, name)
