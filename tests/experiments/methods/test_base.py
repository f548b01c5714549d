"""What every method says of itself, and what all of them share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, encode
from experiments.data.items import Corpus, Item
from experiments.methods import METHODS, make_method
from experiments.methods.base import Batch, Reference, preserve_divergence
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import ArgumentError
from tests.experiments.methods.fixed import Fixed

pytest.importorskip("torch")

from experiments.methods import SHORTHANDS
from experiments.methods.base import Origin


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_needs_and_cites_its_source(
    name: str, corpus: Corpus, tokenizer: Any, settings: LoopSettings
) -> None:
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
        ("flat", {"mode": "official", "divergence": "neyman"}, "ours"),
        ("mari-paper", {}, "paper"),
        ("flat-retain", {"mode": "official"}, "ours"),
        ("task-vector", {}, "paper"),
        ("retain-only", {}, "paper"),
    ],
)
def test_settings_that_leave_the_paper_are_ours(name: str, settings: dict[str, object], origin: str) -> None:
    assert make_method(name, **settings).origin == origin


def test_a_batch_encodes_what_is_asked_for_once(tokenizer: Any) -> None:
    asked: list[str] = []

    def part(name: str) -> Callable[[], Encoded]:
        def made() -> Encoded:
            asked.append(name)
            return encode(tokenizer, [Item("x", "oslo", "o")])

        return made

    names = ("preserve", "retain", "forget", "matched", "template")
    preserve, retain, forget, matched, template = (part(n) for n in names)
    batch = Batch(preserve, retain, forget, matched, template)
    assert asked == []
    for name in ("forget", "preserve", "forget"):
        assert getattr(batch, name) is getattr(batch, name)
    assert asked == ["forget", "preserve"]
    assert all(len(getattr(batch, n)) == 1 for n in names) and sorted(asked) == sorted(names)


def test_what_stays_has_diverged_by_the_kl_of_each_token(tokenizer: Any) -> None:
    """Two laws that do not depend on the token before, at p and q of `oslo`: KL(original || model) at each answer token."""
    data = encode(tokenizer, [Item("x", "oslo lima", "o"), Item("x", "oslo", "o")])
    size, word = len(tokenizer), tokenizer.convert_tokens_to_ids("oslo")

    def law(p: float) -> Fixed:
        row = torch.full((size,), (1 - p) / (size - 1), dtype=torch.float64)
        row[word] = p
        return Fixed(row.log().repeat(size, 1))

    p, q = 0.5, 0.125
    batch = Batch(lambda: data, lambda: data, lambda: data, lambda: data, lambda: data)
    found = float(preserve_divergence(law(q), batch, law(p)).detach())
    assert found == pytest.approx(p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)), rel=1e-12)
    assert float(preserve_divergence(law(p), batch, law(p)).detach()) == 0.0
    other = float(preserve_divergence(law(q), batch, law(p), from_model=True).detach())
    assert other == pytest.approx(q * math.log(q / p) + (1 - q) * math.log((1 - q) / (1 - p)), rel=1e-12)


def test_a_method_without_a_run_of_its_own_is_its_loss_at_every_step(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings
) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    method, batch = make_method("retain-only"), make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    objective = method.begin(model, tokenizer, corpus, 0)
    assert objective.memory() == {} and not list(objective.parameters())
    assert objective.edit({}, None, 0, last=False) is False
    for step in (0, 7):
        assert torch.equal(objective.loss(model, batch, None, step)[0], method.loss(model, batch)[0])
