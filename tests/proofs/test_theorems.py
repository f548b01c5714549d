"""One room a theorem: none missing, none left over, every kind of evidence there or its absence explained, every check passing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import proofs.theorems
from mari_theory import THEOREMS, ArgumentError
from proofs.kit.evidence import KINDS, Dropped, Evidence
from proofs.theorems import room, rooms
from proofs.verify import kinds

ROOMS = rooms()


def test_every_theorem_has_a_room_and_every_room_a_theorem() -> None:
    assert list(ROOMS) == list(THEOREMS)
    here = {f.stem for f in Path(proofs.theorems.__file__).parent.glob("*.py")} - {"__init__"}
    assert here == {f"t{int(name[1:]):02d}" for name in THEOREMS}


@pytest.mark.parametrize("name", ROOMS)
def test_every_kind_is_there_or_its_absence_explained(name: str) -> None:
    evidence = ROOMS[name]
    assert evidence.unexplained() == []
    assert {kind for kind in KINDS if not evidence.has(kind)} == set(evidence.absent)
    assert all(len(reason) > 10 for reason in evidence.absent.values())
    assert sum(kinds(name).values()) >= 2


def test_a_room_with_a_gap_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from proofs.theorems import t05

    monkeypatch.setattr(t05, "EVIDENCE", Evidence(random=t05.random_check, absent={"symbolic": "not yet"}))
    with pytest.raises(
        ArgumentError, match=r"T5: expected evidence of each of .* got enclosure, search, dropped, formal"
    ):
        room("T5")
    with pytest.raises(ArgumentError, match=r"T99: expected a room proofs/theorems/t99\.py"):
        room("T99")


@pytest.mark.parametrize("name", [name for name, evidence in ROOMS.items() if evidence.random])
def test_every_check_passes(name: str) -> None:
    check = ROOMS[name].random
    assert check is not None
    outcome = check(np.random.default_rng(3), 300)
    assert outcome.ok, outcome.note


@pytest.mark.parametrize("name", [name for name, evidence in ROOMS.items() if evidence.enclosure])
def test_every_enclosure_check_passes(name: str) -> None:
    check = ROOMS[name].enclosure
    assert check is not None
    outcome = check(np.random.default_rng(3), 20)
    assert outcome.ok, outcome.note


DROPPED = [(name, a) for name, evidence in ROOMS.items() for a in evidence.dropped]


@pytest.mark.parametrize(("name", "assumption"), DROPPED, ids=[f"{n}: {a.what}" for n, a in DROPPED])
def test_an_assumption_dropped_breaks_the_bound(name: str, assumption: Dropped) -> None:
    assert assumption.broken() > 1.005


def test_registry_names_functions_that_exist() -> None:
    import estimators
    import experiments.audit.run
    import mari_theory
    import mari_theory.detectability
    import mari_theory.enclosures.balls
    from mari_theory import ladder, ranks, seeds

    inner = [mari_theory.detectability, mari_theory.enclosures.balls, seeds, ranks, ladder]
    places = [mari_theory, estimators, *inner, experiments.audit.run]
    for theorem in THEOREMS.values():
        for name in theorem.functions:
            assert any(hasattr(p, name) for p in places), (theorem.id, name)
