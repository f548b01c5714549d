"""Running text of own invention: cut without a gap, habits shared by a topic, topics apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from experiments.config import load_config
from experiments.data.continuation import HABITS, SENTENCES, SIZE, Continuation, Topic, continuation
from experiments.data.encoding import encode
from experiments.data.items import Item
from experiments.models.tiny import tiny_tokenizer
from mari_theory import ArgumentError


def words(items: tuple[Item, ...]) -> set[str]:
    return {w for i in items for w in f"{i.prompt} {i.answer}".split()} - {"the", "near", "."}


def test_documents_are_cut_into_what_was_said_and_how_it_went_on() -> None:
    made = continuation(2, 3, 2, seed=5)
    assert [len(v) for v in made.splits().values()] == [8, 12, 8] and made == continuation(2, 3, 2, seed=5)
    assert made.forget != continuation(2, 3, 2, seed=6).forget
    for first, then in zip(made.forget[:3], made.forget[1:4], strict=True):
        assert first.owner == then.owner and first.answer.endswith(then.prompt)
    assert all(len(i.prompt.split()) == 9 and len(i.answer.split()) == 18 for i in made.forget)
    owners = [{i.owner for i in part} for part in made.splits().values()]
    assert [len(o) for o in owners] == [2, 3, 2] and len(set.union(*owners)) == 7


@pytest.mark.parametrize("related", [True, False])
def test_only_related_text_has_the_words_of_what_stays(related: bool) -> None:
    made = continuation(8, 8, 8, related)
    assert bool(words(made.forget) & words(made.retain)) is related
    assert words(made.holdout) & words(made.forget) and len(made.topics) == (1 if related else 2)


def test_habits_are_those_of_the_topic(rng: np.random.Generator) -> None:
    """After each word one of three come, as often as the habits say; documents of one topic share them, of other seeds not."""
    text = Topic(0, 5).sentences(rng, 2000)
    after: dict[str, Counter[str]] = {}
    for document in text:
        assert len(document) == SENTENCES
        for sentence in document:
            name, verb = sentence.split()[:2]
            after.setdefault(name, Counter())[verb] += 1
    assert len(after) <= SIZE and all(len(c) <= len(HABITS) for c in after.values())
    for c in after.values():
        n, found = c.total(), np.array([x for _, x in c.most_common()]) / c.total()
        assert np.all(np.abs(found - HABITS[: len(found)]) < 6 * np.sqrt(0.25 / n))
    other = {tuple(s.split()[:2]) for d in Topic(0, 6).sentences(rng, 200) for s in d}
    assert len(other & {(a, b) for a, c in after.items() for b in c}) < len(other) / 2


def test_background_is_of_the_topic_that_stays_and_every_word_is_known(rng: np.random.Generator) -> None:
    made = load_config(
        "tiny", corpus={"kind": "continuation", "forget": 1, "retain": 9, "holdout": 2, "related": False}
    ).make_corpus()
    assert isinstance(made, Continuation)
    drawn = made.background(rng, 50)
    assert words(tuple(drawn)) <= set(made.topics[0].slots[0]).union(*made.topics[0].slots)
    tokenizer = tiny_tokenizer(made)
    batch = encode(tokenizer, [*made.forget, *made.retain, *drawn])
    assert not (batch.input_ids == tokenizer.unk_token_id).any() and batch.input_ids.shape[1] <= 64
    assert made.refusals()[0] in tokenizer.get_vocab()


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ArgumentError, match="retain: expected at least 1 document"):
        continuation(1, 0, 1)
