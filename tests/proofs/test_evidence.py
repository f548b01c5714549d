from __future__ import annotations

import numpy as np
import pytest
from proofs.evidence import CHECKS, ENCLOSED, WHY_ABSENT, kinds, verify

from mari_theory import THEOREMS, ArgumentError


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes(name: str) -> None:
    outcome = CHECKS[name](np.random.default_rng(3), 300)
    assert outcome.ok, outcome.note


def test_verify_reports_each_kind_of_evidence() -> None:
    result = verify(["T4", "T9", "T18", "T26"], cases=50)
    assert [t["id"] for t in result["theorems"]] == ["T4", "T9", "T18", "T26"]
    assert (result["passed"], result["failed"]) == (4, 0)
    for row in result["theorems"]:
        there = kinds(row["id"])
        assert {k for k, state in row["evidence"].items() if state == "absent"} == {k for k in there if not there[k]}
        assert all(row["evidence"][k] in ("pass", "not-built") for k in there if there[k])


@pytest.mark.long
def test_verify_reports_every_theorem() -> None:
    """All in one call; fast tests run each kind of evidence of each theorem once."""
    result = verify(cases=50)
    assert [t["id"] for t in result["theorems"]] == list(THEOREMS)
    assert (result["passed"], result["failed"]) == (len(THEOREMS), 0)


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
    import experiments.audit.run
    import mari_theory
    import mari_theory.detectability
    import mari_theory.enclosures.balls

    places = [mari_theory, estimators, mari_theory.detectability, mari_theory.enclosures.balls, experiments.audit.run]
    for theorem in THEOREMS.values():
        for name in theorem.functions:
            assert any(hasattr(p, name) for p in places), (theorem.id, name)
