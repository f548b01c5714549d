"""What every method says of itself."""

from __future__ import annotations

from typing import get_args

import pytest

from experiments.methods import METHODS, make_method
from experiments.methods.base import Reference
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import ArgumentError

pytest.importorskip("torch")

from experiments.methods import SHORTHANDS
from experiments.methods.base import Origin


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_needs_and_cites_its_source(name: str, corpus, tokenizer, settings) -> None:
    method = make_method(name)
    assert "=" in (type(method).__doc__ or "") or "theta" in (type(method).__doc__ or "")
    if method.reference is not Reference.NONE:
        model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
        with pytest.raises(ArgumentError, match="reference"):
            method.loss(model, make_batch(tokenizer, corpus, corpus.retain, settings, 0), None)


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
