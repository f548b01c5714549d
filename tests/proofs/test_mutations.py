"""A constant off by 1 %, or an assumption dropped: the evidence of every theorem must notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from proofs.assumptions import ASSUMPTIONS, Assumption
from proofs.evidence import CHECKS
from proofs.search import INEQUALITIES, Inequality, attack

from mari_theory import THEOREMS, fenchel
from proofs import certified, claims, enclosed, enclosed_claims, methods, properties

Change = Callable[[Any], Any]


def scaled(factor: float) -> Change:
    """The function or number, times a factor."""
    return lambda old: (lambda *a, **k: old(*a, **k) * factor) if callable(old) else old * factor


def excess_over_half(factor: float) -> Change:
    return lambda old: lambda *a: 0.5 + (old(*a) - 0.5) * factor


MUTATIONS: list[tuple[str, ModuleType, str, Change]] = [
    ("T1", properties, "kl", scaled(1.01)),
    ("T2", properties, "binary_entropy", scaled(0.99)),
    ("T3", properties, "CONTRACTION", scaled(0.99)),
    ("T4", properties, "TRIANGLE", scaled(0.99)),
    ("T5", properties, "LN2", scaled(0.99)),
    ("T5", properties, "max_total_variation", scaled(0.99)),
    ("T5", properties, "phi", scaled(1.01)),
    ("T5", properties, "max_accuracy", excess_over_half(0.99)),
    ("T6", properties, "max_tpr", lambda f: lambda a, j: a + (f(a, j) - a) * 0.99),
    ("T7", properties, "max_auc", excess_over_half(1.01)),
    ("T7", properties, "max_auc", excess_over_half(0.99)),
    ("T8", properties, "delta", scaled(0.99)),
    ("T9", properties, "functional_gap", scaled(0.99)),
    ("T10", properties, "LN2", scaled(1.01)),
    ("T10", properties, "squared_hellinger", scaled(0.99)),
    ("T11", properties, "chain_rule_information", scaled(1.01)),
    ("T12", properties, "mix", lambda f: lambda p, q, r: f(p, q, min(1.0, 1.01 * r))),
    ("T13", properties, "rounds_bound", scaled(0.99)),
    ("T14", certified, "oracle_bound", scaled(0.99)),
    ("T15", certified, "total_variation", scaled(1.01)),
    ("T15", certified, "squared_hellinger", scaled(0.99)),
    ("T16", certified, "coverage", scaled(0.99)),
    ("T17", certified, "upper_slope", scaled(0.99)),
    ("T18", certified, "certify_pooled", lambda f: lambda *a, **k: _moved(f(*a, **k))),
    ("T19", certified, "audit_counts", lambda f: lambda *a: _boosted(f(*a))),
    ("T20", certified, "ClopperPearson", lambda c: lambda: _Narrow(c())),
    ("T21", methods, "FENCHEL", lambda table: {k: _wrong_conjugate(v) for k, v in table.items()}),
    ("T22", methods, "kl", scaled(1.01)),
    ("T23", methods, "LN2", scaled(1.01)),
    ("T24", certified, "jensen_shannon", scaled(1.01)),
    ("T25", certified, "CONVEXITY", scaled(0.99)),
    ("T26", certified, "jensen_shannon", lambda f: lambda p, q: f(p, 0.99 * q + 0.01 * np.eye(q.size)[0])),
    ("T27", certified, "jensen_shannon", scaled(0.99)),
    ("T28", certified, "phi", scaled(1.01)),
    ("T29", certified, "lower_slope", scaled(0.99)),
    ("T30", certified, "entropy_step", scaled(0.99)),
    ("T31", claims, "gibbs_terms", scaled(1.01)),
    ("T31", claims, "calibration_terms", lambda old: lambda p, q, z, f: old(p, 1.01 * q, z, f)),
    ("T32", claims, "prompts_with_room", lambda f: lambda *a: int(0.99 * f(*a))),
    ("T32", claims, "prompts_told_apart", lambda f: lambda *a: int(0.99 * f(*a))),
    ("T37", claims, "entropy_gap", scaled(0.99)),
    ("T38", claims, "max_word_probability", lambda f: lambda p, j: p + 0.99 * (f(p, j) - p)),
    ("T38", claims, "min_word_probability", lambda f: lambda p, j: p - 0.99 * (p - f(p, j))),
    ("T38", claims, "word_gap", scaled(0.99)),
]


def _moved(made: Any) -> Any:
    return dataclasses.replace(made, value=made.value * 1.01 + 1e-6)


def _boosted(made: Any) -> Any:
    return dataclasses.replace(made, total_variation_lower=made.total_variation_lower + 0.4)


class _Narrow:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def counts(self, hits: int, n: int, confidence: float) -> Any:
        return self.inner.counts(hits, n, confidence - 0.35)


def _wrong_conjugate(pair: fenchel.FDivergence) -> fenchel.FDivergence:
    return dataclasses.replace(pair, conjugate=lambda u: pair.conjugate(u) * 1.01)


@pytest.mark.parametrize(("name", "module", "target", "change"), MUTATIONS)
def test_a_changed_constant_fails(
    monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType, target: str, change: Change
) -> None:
    monkeypatch.setattr(module, target, change(getattr(module, target)))
    outcome = CHECKS[name](np.random.default_rng(3), 2000)
    assert not outcome.ok or (outcome.tightness or 0.0) > 1 + 1e-6


def test_every_theorem_is_mutated() -> None:
    assert {name for name, *_ in MUTATIONS} == set(THEOREMS)


ENCLOSED_MUTATIONS: list[tuple[str, str, Change]] = [
    ("T1", "jensen_shannon", scaled(1.01)),
    ("T2", "binary_entropy", scaled(0.99)),
    ("T5", "max_accuracy", excess_over_half(0.99)),
    ("T6", "max_tpr", scaled(0.99)),
    ("T7", "max_auc", excess_over_half(0.99)),
    ("T10", "squared_hellinger", scaled(1.01)),
    ("T13", "rounds_bound", scaled(0.99)),
    ("T15", "information_terms", lambda f: lambda p, q: tuple(1.01 * x for x in f(p, q))),
    ("T16", "coverage", scaled(0.99)),
    ("T17", "upper_slope_ball", scaled(0.99)),
    ("T28", "phi_ball", scaled(2.01)),
    ("T29", "lower_slope", scaled(0.99)),
    ("T31", "gibbs_terms", scaled(1.01)),
    ("T32", "prompts_with_room", lambda f: lambda *a: int(0.99 * f(*a))),
    ("T32", "prompts_told_apart", lambda f: lambda *a: int(0.99 * f(*a))),
    ("T37", "entropy_gap", scaled(0.99)),
    ("T38", "max_word_probability", lambda f: lambda p, j: p + 0.99 * (f(p, j) - p)),
    ("T38", "min_word_probability", lambda f: lambda p, j: p - 0.99 * (p - f(p, j))),
]


@pytest.mark.parametrize(("name", "target", "change"), ENCLOSED_MUTATIONS)
def test_a_changed_constant_leaves_its_enclosure(
    monkeypatch: pytest.MonkeyPatch, name: str, target: str, change: Change
) -> None:
    module = enclosed if name in enclosed.ENCLOSED else enclosed_claims
    monkeypatch.setattr(module, target, change(getattr(module, target)))
    assert not module.ENCLOSED[name](np.random.default_rng(3), 100).ok


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda a: f"{a.theorem}: {a.what}")
def test_an_assumption_dropped_breaks_the_bound(assumption: Assumption) -> None:
    assert assumption.broken() > 1.005


@pytest.mark.parametrize("inequality", INEQUALITIES, ids=lambda i: f"{i.theorem}: {i.what}")
def test_no_counterexample_and_the_sharp_ones_are_reached(inequality: Inequality) -> None:
    found = attack(inequality, np.random.default_rng(0))
    assert not found.refuted, (found.ratio, found.at)
    assert found.ratio > (0.999 if inequality.sharp else 0.6)


@pytest.mark.parametrize("name", ["T3", "T5", "T10", "T12", "T17", "T25"])
def test_the_search_finds_a_bound_one_percent_too_low(name: str) -> None:
    right = next(i for i in INEQUALITIES if i.theorem == name)
    wrong = dataclasses.replace(right, ratio=lambda z: right.ratio(z) / 0.99)
    assert attack(wrong, np.random.default_rng(0)).refuted
