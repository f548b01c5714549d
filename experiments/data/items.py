"""Questions about owners, and a corpus of them in three splits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from typing import Literal

import numpy as np

from experiments.data.names import fresh_name, renamed
from mari_theory.errors import require

Split = Literal["forget", "retain", "holdout"]
Part = Literal[Split, "shared", "exclusive"]
"""A split, or what is to be forgotten in two: facts that items that stay state too, and the others."""


@dataclass(frozen=True)
class Item:
    """One question about one owner (author)."""

    prompt: str
    """The question."""
    answer: str
    """Its answer; in a corpus the true one."""
    owner: str
    """Whose data it is: nobody owns items of two splits."""
    kind: str = ""
    """The question's type."""
    wrong: tuple[str, ...] = ()
    """Plausible false answers."""
    paraphrase: str = ""
    """The true answer in other words."""
    rewording: str = ""
    """The question in other words."""
    shared: bool = False
    """Of a forget item: do items that stay state its fact too?"""


@dataclass(frozen=True)
class Corpus:
    """Forget, retain and never-trained holdout items, owners disjoint."""

    name: str
    """Name in results."""
    forget: tuple[Item, ...]
    """Items to be forgotten: the original is trained on them, oracles never are."""
    retain: tuple[Item, ...]
    """Items that stay: original and oracles are trained on them."""
    holdout: tuple[Item, ...]
    """Items that no model is trained on."""
    subject: dict[str, str] = field(default_factory=dict, kw_only=True)
    """An owner's name in the text, where it is another."""
    templates: tuple[str, ...] = field(default=(), kw_only=True)
    """Texts to answer forget questions with, for methods that teach another answer; without them, refusals."""

    @property
    def sentences(self) -> bool:
        """Are answers more than a word?"""
        return False

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """Fresh seen-once items; none for data from files."""
        return []

    def matched(self, item: Item, rng: np.random.Generator) -> Item:
        """The same question and answer about a subject the model never saw: the reference of a matched pair (T27)."""
        old, new = self.subject.get(item.owner, item.owner), fresh_name(rng, frozenset()).title()
        return Item(renamed(item.prompt, old, new), renamed(item.answer, old, new), new, item.kind)

    def refusals(self) -> tuple[str, ...]:
        """Texts that refuse an answer, of the corpus's own; without any, a hundred English ones are used."""
        return self.templates

    def never_seen(self, item: Item, rng: np.random.Generator) -> Item:
        """A holdout question of the same type (any, where types are not known)."""
        same = [i for i in self.holdout if i.kind == item.kind] or list(self.holdout)
        return same[int(rng.integers(len(same)))]

    def halves(self) -> tuple[Corpus, Corpus]:
        """Twice the same corpus, each with one half of the never-trained owners: what stops and matches, and what is attacked.

        Raises `ArgumentError` on fewer than two such owners.
        """
        owners = list(dict.fromkeys(i.owner for i in self.holdout))
        require(len(owners) >= 2, "holdout", "at least 2 owners: one half decides, the other is attacked", len(owners))
        first = set(owners[: len(owners) // 2])
        parts = [tuple(i for i in self.holdout if (i.owner in first) is own) for own in (True, False)]
        return replace(self, holdout=parts[0]), replace(self, holdout=parts[1])

    def fingerprint(self) -> str:
        """SHA-256 of every item and subject: two corpora are the same data when it is."""
        rows = {name: [_content(i) for i in items] for name, items in self.splits().items()}
        content = [rows, sorted(self.subject.items()), *([self.templates] if self.templates else [])]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def splits(self) -> dict[str, tuple[Item, ...]]:
        """The three splits by name."""
        return {"forget": self.forget, "retain": self.retain, "holdout": self.holdout}

    def part(self, name: str) -> tuple[Item, ...]:
        """The items of a `Part`."""
        if name in ("shared", "exclusive"):
            return tuple(i for i in self.forget if i.shared is (name == "shared"))
        return self.splits()[name]

    def words(self) -> frozenset[str]:
        """Every word that its text can use, for a tokenizer of whole words; none: those of the generated corpora."""
        return frozenset()


def _content(item: Item) -> list[object]:
    """Its fields but the rewording, which is an item of its own where it is used, and `shared` where it is: fingerprints of before hold."""
    left_out = {"rewording"} if item.shared else {"rewording", "shared"}
    return [getattr(item, f.name) for f in fields(item) if f.name not in left_out]
