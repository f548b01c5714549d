"""Every public bound names its theorem; the theorem exists, lists real names, and its evidence passes."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

import estimators
import mari_theory
from mari_theory import THEOREMS, detectability, fenchel, ladder, marginal, ranks, seeds, sequences
from mari_theory.enclosures import balls, bounds
from proofs.theorems import rooms

PLACES = (mari_theory, estimators, detectability, bounds, balls, fenchel, marginal, sequences, seeds, ranks, ladder)
IDS = re.compile(r"\bT(\d{1,2})\b")


def public(module: ModuleType) -> dict[str, object]:
    """Functions and classes the module itself offers."""
    out: dict[str, object] = {}
    for name, thing in vars(module).items():
        ours = getattr(thing, "__module__", "").split(".")[0] in ("mari_theory", "estimators")
        home = getattr(thing, "__module__", "")
        own = module.__name__ in ("mari_theory", "estimators") or home == module.__name__
        if not name.startswith("_") and ours and own and (inspect.isfunction(thing) or inspect.isclass(thing)):
            out[f"{home}.{name}"] = thing
    return out


EVERYTHING = {name: thing for place in PLACES for name, thing in public(place).items()}
# Bounds: whatever turns a budget into an end, or data into an end, says so in its name.
BOUND = re.compile(
    r"\.(max_|min_|certify_|audit_|\w*_bound$|\w*_enclosure$|delta$|trade_off$|functional_gap$|forget_total)"
)
BOUNDS = sorted(name for name in EVERYTHING if BOUND.search(name))


def test_there_are_bounds_to_check() -> None:
    assert len(BOUNDS) >= 30


@pytest.mark.parametrize("name", BOUNDS)
def test_every_bound_names_a_theorem(name: str) -> None:
    found = IDS.findall(inspect.getdoc(EVERYTHING[name]) or "")
    assert found, f"{name} names no theorem"
    assert {f"T{k}" for k in found} <= set(THEOREMS)


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_no_docstring_names_a_theorem_that_does_not_exist(name: str) -> None:
    assert {f"T{k}" for k in IDS.findall(inspect.getdoc(EVERYTHING[name]) or "")} <= set(THEOREMS)


def test_every_named_theorem_has_evidence_that_runs() -> None:
    """That it passes is the business of tests/proofs, theorem by theorem."""
    named = {f"T{k}" for name in BOUNDS for k in IDS.findall(inspect.getdoc(EVERYTHING[name]) or "")}
    found = rooms()
    assert len(named) >= 15 and all(found[name].random or found[name].enclosure for name in named)


def test_the_registry_names_what_exists() -> None:
    import experiments.audit.run

    for theorem in THEOREMS.values():
        for name in theorem.functions:
            assert any(hasattr(p, name) for p in (*PLACES, experiments.audit.run)), (theorem.id, name)
