"""Documents of running text that no model can have seen: made-up words in the order that a topic of own invention likes.

A topic has a cast, verbs, qualities and things of its own, and habits: which word follows which. Every document of a topic follows the
same habits, so documents that stay support part of what one to be forgotten says; which way it went each time is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from experiments.data.items import Corpus, Item
from experiments.data.names import name_words
from mari_theory.errors import require

SLOTS = ("name", "verb", "quality", "thing", "other thing")
"""Words of a sentence that a topic chooses, each after the one before it."""
FRAME = "{} {} the {} {} near the {} ."
SIZE = 12
"""Words a slot."""
HABITS = np.array([0.6, 0.3, 0.1])
"""Probabilities of the three words that can follow a word."""
SENTENCES = 9
"""Of a document: one that opens it, then pairs that continue what came before."""
_SOUNDS = (("za", "mo", "vi", "ke", "ru", "lo", "pe", "xu"), ("lt", "nd", "rsk", "mp", "gr", "th", "vr", "bl"))
_ENDINGS = {"verb": "ets", "quality": "ish", "thing": "on", "other thing": "um"}


@dataclass(frozen=True)
class Topic:
    """What documents on one subject have in common."""

    number: int
    """Topics of different numbers have no word in common but `the` and `near`."""
    seed: int
    """Of its habits."""

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Its words, slot by slot."""
        return tuple(words[SIZE * self.number : SIZE * (self.number + 1)] for words in _lexicon())

    def sentences(self, rng: np.random.Generator, documents: int) -> list[list[str]]:
        """So many documents, each a list of its sentences."""
        habits = np.random.default_rng([self.seed, 307, self.number]).permuted(
            np.tile(np.arange(SIZE), (len(SLOTS), SIZE, 1)), axis=2
        )[..., : len(HABITS)]
        steps = rng.choice(len(HABITS), size=(documents, SENTENCES, len(SLOTS)), p=HABITS)
        word, slots = rng.integers(SIZE, size=documents), self.slots
        chosen = np.empty(steps.shape, dtype=int)
        for s in range(SENTENCES):
            for k in range(len(SLOTS)):
                word = habits[k, word, steps[:, s, k]]
                chosen[:, s, k] = word
        return [
            [FRAME.format(*(slots[k][w] for k, w in enumerate(sentence))) for sentence in document]
            for document in chosen.tolist()
        ]


@dataclass(frozen=True)
class Continuation(Corpus):
    """Documents cut into what was said (the prompt, one sentence) and how it went on (the answer, two)."""

    topics: tuple[Topic, ...] = ()
    """Of what stays, then of what is to be forgotten where that is another."""

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """One continuation each of documents nobody saw before, on the topic of what stays."""
        return [items[0] for items in _cut(self.topics[0], rng, n, "stranger")]

    def refusals(self) -> tuple[str, ...]:
        """A question mark, as in the generated corpora."""
        return self.templates or ("?",)

    def words(self) -> frozenset[str]:
        """Of its topics, and the question mark of its refusals."""
        return frozenset({"the", "near", ".", "?"}.union(*(slot for topic in self.topics for slot in topic.slots)))


def continuation(forget: int, retain: int, holdout: int, related: bool = True, seed: int = 0) -> Continuation:
    """So many documents in each split; `related`: on one topic, else those to be forgotten (and never-trained ones) on another.

    Raises `ArgumentError` on empty splits.

    >>> made = continuation(1, 9, 2)
    >>> len(made.forget), len(made.retain), made.forget[0].prompt.split()[2]
    (4, 36, 'the')
    """
    for name, count in (("forget", forget), ("retain", retain), ("holdout", holdout)):
        require(count >= 1, name, "at least 1 document", count)
    rng, topics = np.random.default_rng([seed, 311]), tuple(Topic(k, seed) for k in range(1 if related else 2))
    counts = {"retain": (topics[0], retain), "forget": (topics[-1], forget), "holdout": (topics[-1], holdout)}
    parts = {
        name: tuple(item for items in _cut(topic, rng, n, name) for item in items)
        for name, (topic, n) in counts.items()
    }
    return Continuation("running text", parts["forget"], parts["retain"], parts["holdout"], topics=topics)


def _cut(topic: Topic, rng: np.random.Generator, documents: int, name: str) -> list[list[Item]]:
    return [
        [Item(s[k], f"{s[k + 1]} {s[k + 2]}", f"{name} document {d}", "text") for k in range(0, SENTENCES - 2, 2)]
        for d, s in enumerate(topic.sentences(rng, documents))
    ]


@cache
def _lexicon() -> tuple[tuple[str, ...], ...]:
    """All words of each slot; names are those of made-up people."""
    stems = [a + b for b in _SOUNDS[1] for a in _SOUNDS[0]]
    return name_words()[0], *(tuple(stem + _ENDINGS[slot] for stem in stems) for slot in SLOTS[1:])
