"""Every step of every derivation, and the checker's power: a changed constant must break a step."""

from __future__ import annotations

import pytest

from mari_theory import THEOREMS

sympy = pytest.importorskip("sympy")

from proofs.evidence import DERIVED  # noqa: E402
from proofs.symbolic import SYMBOLIC, Step  # noqa: E402

STEPS = [(name, step) for name, derive in SYMBOLIC.items() for step in derive()]


@pytest.mark.parametrize(("name", "step"), STEPS, ids=[f"{n}: {s.claim[:40]}" for n, s in STEPS])
def test_step_holds(name: str, step: Step) -> None:
    assert name in THEOREMS and name in DERIVED
    assert step.holds(), step.claim


@pytest.mark.parametrize("name", SYMBOLIC)
def test_one_percent_more_breaks_every_derivation(name: str) -> None:
    changed = [Step(s.claim, s.left, s.right * sympy.Rational(101, 100)) for s in SYMBOLIC[name]() if s.right != 0]
    assert changed and not any(s.holds() for s in changed)


def test_the_table_of_derivations_is_complete() -> None:
    assert set(DERIVED) == set(SYMBOLIC)
