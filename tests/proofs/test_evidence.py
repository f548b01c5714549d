from __future__ import annotations

import numpy as np
import pytest

import proofs.properties as properties
from mari_theory import THEOREMS, ArgumentError
from proofs.evidence import verify


@pytest.mark.parametrize("name", properties.CHECKS)
def test_every_check_passes(name: str) -> None:
    outcome = properties.CHECKS[name](np.random.default_rng(3), 300)
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


def test_verify_reports_every_theorem_of_sections_a_and_b() -> None:
    result = verify(cases=50)
    assert [t["id"] for t in result["theorems"]] == [f"T{k}" for k in range(1, 14)]
    assert result["failed"] == 0
    assert {t["evidence"]["formal"] for t in result["theorems"]} == {"absent"}


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
