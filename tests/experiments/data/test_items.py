"""A corpus of questions: what makes two of them the same data, and which questions stand beside a forget one."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from experiments.data.items import Corpus, Item
from mari_theory import ArgumentError

ITEM = Item("q ?", "a", "o", "kind", ("b",), "c")


def of(*forget: Item) -> Corpus:
    return Corpus("own", forget, (Item("r", "s", "p"),), (Item("u", "v", "w", "kind"), Item("x", "y", "z", "other")))


@pytest.mark.parametrize("name", [f.name for f in fields(Item)])
def test_every_field_of_an_item_is_part_of_the_fingerprint(name: str) -> None:
    other: dict[str, Any] = {name: ("else",) if name == "wrong" else "else"}
    same = of(replace(ITEM, **other)).fingerprint() == of(ITEM).fingerprint()
    assert same is (name == "rewording")  # what states it is an item of its own


def test_a_fingerprint_is_of_splits_order_and_subjects_and_not_of_the_name() -> None:
    corpus, other = of(ITEM, replace(ITEM, owner="n")), replace(ITEM, owner="n")
    found = [
        corpus,
        of(other, ITEM),
        replace(corpus, forget=corpus.retain, retain=corpus.forget),
        replace(corpus, subject={"o": "O"}),
        replace(corpus, templates=("no",)),
    ]
    assert len({c.fingerprint() for c in found}) == len(found)
    assert replace(corpus, name="another").fingerprint() == corpus.fingerprint()


def test_a_never_seen_question_has_the_type_asked_for_or_any(rng: np.random.Generator) -> None:
    corpus = of(ITEM)
    assert {corpus.never_seen(ITEM, rng) for _ in range(20)} == {corpus.holdout[0]}
    untyped = replace(ITEM, kind="unknown")
    assert {corpus.never_seen(untyped, rng) for _ in range(40)} == set(corpus.holdout)


def test_data_from_files_have_no_background_and_no_refusals_of_their_own(rng: np.random.Generator) -> None:
    assert of(ITEM).background(rng, 5) == [] and of(ITEM).refusals() == () and not of(ITEM).sentences
    assert list(of(ITEM).splits()) == ["forget", "retain", "holdout"]


def test_never_trained_owners_are_split_in_half(corpus: Corpus) -> None:
    first, other = corpus.halves()
    owners = [{i.owner for i in part.holdout} for part in (first, other)]
    assert not owners[0] & owners[1] and abs(len(owners[0]) - len(owners[1])) <= 1
    assert sorted(map(str, (*first.holdout, *other.holdout))) == sorted(map(str, corpus.holdout))
    assert first.forget == other.forget == corpus.forget and type(first) is type(corpus)
    one = replace(corpus, holdout=tuple(i for i in corpus.holdout if i.owner == corpus.holdout[0].owner))
    with pytest.raises(ArgumentError, match="holdout"):
        one.halves()
