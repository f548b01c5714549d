"""Forget facts that what stays states too, in other words: a retraining still knows them.

Generated corpora have a second wording of every question, and models must learn that both ask the same: retained authors are told of in
both, strangers in either. A restated forget fact is told in the second wording by a retained author, whose data it is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from experiments.data.generated import GeneratedCorpus, generated_words
from experiments.data.items import Corpus, Item
from mari_theory.errors import require

OTHER_WORDS: dict[str, str] = {
    "birth city": "where was {} born ?",
    "main genre": "what does {} write ?",
    "first award": "which prize did {} win first ?",
    "native tongue": "what did {} speak as a child ?",
    "day job": "how does {} earn a living ?",
    "house colour": "how is the house of {} painted ?",
}
"""Question type -> another wording."""


@dataclass(frozen=True)
class TwoWordings(GeneratedCorpus):
    """Each question may come in either wording."""

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """Strangers, asked about in either wording."""
        items, other = super().background(rng, n), rng.random(n) < 0.5
        return [restated(_worded(i), i.owner) if o else i for i, o in zip(items, other, strict=True)]

    def words(self) -> frozenset[str]:
        """Of either wording."""
        return generated_words(self.sentences).union(*(text.format("").split() for text in OTHER_WORDS.values()))


def overlapping(corpus: Corpus, share: float, seed: int) -> Corpus:
    """The corpus with this share of its forget facts, chosen by the seed, stated by what stays as well: these are `shared`.

    What a smaller share chooses a larger one chooses too. Raises `ArgumentError` on a corpus without a second wording of its forget questions.

    >>> from experiments.data.generated import generate
    >>> made = overlapping(generate(1, 2, 2), 0.5, 0)
    >>> len(made.part("shared")), len(made.part("exclusive")), len(made.retain)
    (3, 3, 27)
    """
    require(0 <= share <= 1, "corpus.overlap", "a share in [0, 1]", share)
    if type(corpus) is GeneratedCorpus:  # passages of random words are facts that nothing else states
        corpus = _in_two_wordings(corpus)
    require(
        all(i.rewording for i in corpus.forget),
        "corpus.overlap",
        "forget questions with another wording (generated or TOFU)",
        f"none of {corpus.name}",
    )
    order = np.random.default_rng([seed, 211]).permutation(len(corpus.forget))
    chosen = set(order[: round(share * len(order))].tolist())
    forget = tuple(replace(i, shared=k in chosen) for k, i in enumerate(corpus.forget))
    tellers = list(dict.fromkeys(i.owner for i in corpus.retain))
    told = (restated(i, tellers[k % len(tellers)]) for k, i in enumerate(forget) if i.shared)
    return replace(corpus, forget=forget, retain=(*corpus.retain, *told))


def restated(item: Item, owner: str) -> Item:
    """The same fact in other words, told by somebody."""
    return Item(item.rewording, item.paraphrase or item.answer, owner, item.kind, item.wrong)


def _worded(item: Item) -> Item:
    return replace(item, rewording=OTHER_WORDS[item.kind].format(item.owner))


def _in_two_wordings(corpus: GeneratedCorpus) -> TwoWordings:
    forget, retain, holdout = (tuple(_worded(i) for i in items) for items in corpus.splits().values())
    both = (*retain, *(restated(i, i.owner) for i in retain))
    own = {f.name: getattr(corpus, f.name) for f in fields(corpus)}
    return TwoWordings(**(own | {"forget": forget, "retain": both, "holdout": holdout}))
