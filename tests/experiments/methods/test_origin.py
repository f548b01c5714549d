"""Where a method comes from depends on its settings, and every method says it."""

from __future__ import annotations

from typing import get_args

import pytest

pytest.importorskip("torch")

from experiments.methods import METHODS, SHORTHANDS, make_method
from experiments.methods.base import Origin


@pytest.mark.parametrize("name", [*METHODS, *SHORTHANDS])
def test_every_method_says_where_it_comes_from(name: str) -> None:
    assert make_method(name).origin in get_args(Origin)


@pytest.mark.parametrize(
    ("name", "settings", "origin"),
    [
        ("mari-pooled", {}, "paper"),
        ("mari-tokenwise", {"penalty": 10.0}, "paper"),
        ("mari-likelihood", {}, "ours"),
        ("mari-entropy", {}, "ours"),
        ("mari-pooled", {"debiased": True}, "ours"),
        ("mari-pooled", {"bank": 15}, "ours"),
        ("mari-pooled", {"share": 1.0}, "ours"),
        ("mari-matched", {}, "ours"),
        ("flat", {}, "paper"),
        ("flat", {"mode": "official"}, "released code"),
        ("flat-retain", {"mode": "official"}, "ours"),
        ("task-vector", {}, "paper"),
        ("retain-only", {}, "paper"),
    ],
)
def test_settings_that_leave_the_paper_are_ours(name: str, settings: dict[str, object], origin: str) -> None:
    assert make_method(name, **settings).origin == origin
