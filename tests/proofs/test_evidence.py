from __future__ import annotations

import numpy as np
import pytest

import proofs.properties as properties
from mari_theory import THEOREMS, ArgumentError
from proofs import certified
from proofs.evidence import CHECKS, verify


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes(name: str) -> None:
    outcome = CHECKS[name](np.random.default_rng(3), 300)
    assert outcome.ok, outcome.note


MUTATIONS = [
    ("T5", "LN2", lambda v: v * 0.99),
    ("T5", "max_total_variation", lambda f: lambda j: f(j) * 0.99),
    ("T5", "phi", lambda f: lambda t: f(t) * 1.01),
    ("T5", "max_accuracy", lambda f: lambda j: 0.5 + (f(j) - 0.5) * 0.99),
    ("T2", "binary_entropy", lambda f: lambda w: f(w) * 0.99),
    ("T3", "CONTRACTION", lambda v: v * 0.99),
    ("T6", "max_tpr", lambda f: lambda a, j: a + (f(a, j) - a) * 0.99),
    ("T7", "max_auc", lambda f: lambda j: 0.5 + (f(j) - 0.5) * 1.01),
    ("T7", "max_auc", lambda f: lambda j: 0.5 + (f(j) - 0.5) * 0.99),
    ("T8", "delta", lambda f: lambda e, j: f(e, j) * 0.99),
    ("T9", "functional_gap", lambda f: lambda o, j: f(o, j) * 0.99),
    ("T10", "LN2", lambda v: v * 1.01),
    ("T10", "squared_hellinger", lambda f: lambda p, q: f(p, q) * 0.99),
    ("T11", "chain_rule_information", lambda f: lambda *a: f(*a) * 1.01),
    ("T12", "mix", lambda f: lambda p, q, r: f(p, q, min(1.0, 1.01 * r))),
    ("T13", "rounds_bound", lambda f: lambda s: f(s) * 0.5),
    ("T1", "kl", lambda f: lambda p, q: f(p, q) * 1.01),
]


@pytest.mark.parametrize(("name", "target", "change"), MUTATIONS)
def test_a_constant_off_by_one_percent_fails(monkeypatch: pytest.MonkeyPatch, name: str, target: str, change) -> None:
    monkeypatch.setattr(properties, target, change(getattr(properties, target)))
    assert not properties.CHECKS[name](np.random.default_rng(3), 2000).ok


CERTIFIED_MUTATIONS = [
    ("T17", "upper_slope", lambda f: lambda x: f(x) * 0.99),
    ("T29", "lower_slope", lambda f: lambda s: f(s) * 0.99),
    ("T14", "oracle_bound", lambda f: lambda *s: f(*s) * 0.9),
    ("T28", "phi", lambda f: lambda t: f(t) * 1.01),
]


@pytest.mark.parametrize(("name", "target", "change"), CERTIFIED_MUTATIONS)
def test_a_certified_constant_off_by_one_percent_fails(monkeypatch, name: str, target: str, change) -> None:
    monkeypatch.setattr(certified, target, change(getattr(certified, target)))
    outcome = certified.CHECKS[name](np.random.default_rng(3), 300)
    assert not outcome.ok or (outcome.tightness or 0) > 1 + 1e-6


def test_verify_reports_every_theorem_of_sections_a_and_b() -> None:
    result = verify(cases=50)
    assert {f"T{k}" for k in range(1, 14)} <= {t["id"] for t in result["theorems"]}
    assert result["failed"] == 0
    states = {t["id"]: t["evidence"]["formal"] for t in result["theorems"]}
    assert states["T7"] == "absent" and states["T4"] in ("pass", "not-built")


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
