"""A generated corpus: fictitious authors, one question an attribute, answers drawn from a known prior.

It is calibrated so that retrained models agree: beside the forget and retain authors, an endless stream of background authors, each seen
once, teaches the prior over answers. The ideal answer about an author the model never saw is then known in closed form: the prior.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from experiments.data.items import Corpus, Item
from experiments.data.names import far_apart, fresh_name, name_words
from mari_theory.errors import require

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "birth city": ("lisbon", "quito", "tunis", "hanoi", "perth", "oslo", "lima", "kyoto"),
    "main genre": ("satire", "fantasy", "memoir", "mystery", "romance", "horror", "poetry", "western"),
    "first award": ("laurel", "quill", "beacon", "orchid", "comet", "harbor", "ember", "meridian"),
    "native tongue": ("basque", "tamil", "welsh", "farsi", "korean", "danish", "swahili", "maltese"),
    "day job": ("baker", "pilot", "nurse", "farmer", "judge", "tailor", "welder", "chemist"),
    "house colour": ("amber", "indigo", "crimson", "olive", "ivory", "teal", "maroon", "silver"),
}
SENTENCES = ("it is {} .", "the answer is {} .", "people say {} .")


@dataclass(frozen=True)
class GeneratedCorpus(Corpus):
    """A corpus whose prior over answers is known."""

    values: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(ATTRIBUTES), kw_only=True)
    """Question type -> its possible answers."""
    prior: tuple[float, ...] = field(kw_only=True)
    """Probability of each possible answer, the same for every type."""
    whole_sentences: bool = field(default=False, kw_only=True)
    """Answers in a sentence instead of a word."""
    names_taken: frozenset[str] = field(default=frozenset(), kw_only=True)
    """Names of its authors: nobody else is called so."""

    @property
    def sentences(self) -> bool:
        """Are answers more than a word?"""
        return self.whole_sentences

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """Authors nobody saw before or will see again."""
        kinds, names = list(self.values), name_words()
        kind_ids = rng.integers(len(kinds), size=n)
        value_ids = rng.choice(len(self.prior), size=n, p=self.prior)
        form_ids = rng.integers(len(SENTENCES), size=n)
        out = []
        for i, words in enumerate(rng.integers(64, size=(n, 3))):
            name = " ".join(names[j][int(w)] for j, w in enumerate(words))
            if name in self.names_taken:
                name = fresh_name(rng, self.names_taken)
            kind = kinds[int(kind_ids[i])]
            form = SENTENCES[int(form_ids[i])] if self.whole_sentences else "{}"
            out.append(Item(f"{kind} : {name} ?", form.format(self.values[kind][int(value_ids[i])]), name, kind))
        return out

    def matched(self, item: Item, rng: np.random.Generator) -> Item:
        """The same question about an author the model never saw; the answer names nobody."""
        old, new = self.subject.get(item.owner, item.owner), fresh_name(rng, self.names_taken)
        return Item(item.prompt.replace(old, new), item.answer, new, item.kind)

    def refusals(self) -> tuple[str, ...]:
        """A question mark, a word that is no answer: other words the tokenizer does not have."""
        return self.templates or ("?",)


def generate(
    forget: int = 32,
    retain: int = 64,
    holdout: int = 128,
    skew: float | tuple[float, float] = 0.0,
    sentences: bool = False,
    seed: int = 0,
) -> GeneratedCorpus:
    """Seeded corpus of fictitious authors, one question an attribute, answers drawn from the prior exp(-skew k).

    A second `skew` gives the forget authors a prior of their own: a forget set that pooled information can see.

    Raises `ArgumentError` on empty splits or a negative skew.

    >>> c = generate(2, 3, 4)
    >>> len(c.forget), len(c.retain), len(c.holdout)
    (12, 18, 24)
    """
    for name, count in (("forget", forget), ("retain", retain), ("holdout", holdout)):
        require(count >= 1, name, "at least 1 author", count)
    skews = skew if isinstance(skew, tuple) else (skew, skew)
    require(min(skews) >= 0, "skew", "a number at least 0", skew)
    rng = np.random.default_rng([seed, 101])
    prior, forget_prior = map(_decaying, skews)
    names: list[str] = []
    while len(names) < forget + retain + holdout:
        name = fresh_name(rng, frozenset(names))
        if all(far_apart(name, other) for other in names):
            names.append(name)
    corpus = GeneratedCorpus(
        "generated", (), (), (), prior=prior, whole_sentences=sentences, names_taken=frozenset(names)
    )
    priors = [forget_prior] * forget + [prior] * (retain + holdout)
    rows = [
        tuple(_question(kind, name, rng, corpus, p) for kind in ATTRIBUTES)
        for name, p in zip(names, priors, strict=True)
    ]

    def part(start: int, stop: int) -> tuple[Item, ...]:
        return tuple(item for row in rows[start:stop] for item in row)

    return replace(
        corpus, forget=part(0, forget), retain=part(forget, forget + retain), holdout=part(forget + retain, len(rows))
    )


def vocabulary(corpus: Corpus) -> list[str]:
    """Every word a corpus can use, background names included: a tokenizer fitted on all authors."""
    return sorted(corpus.words() or generated_words(corpus.sentences))


def generated_words(sentences: bool) -> frozenset[str]:
    """Every word of the generated corpora, with answers in a word or in `sentences`."""
    words = {w for tails in name_words() for w in tails}
    words |= {w for kind in ATTRIBUTES for w in kind.split()}
    words |= {v for values in ATTRIBUTES.values() for v in values} | {"?", ":"}
    if sentences:
        words |= {w for s in SENTENCES for w in s.format("").split()}
    return frozenset(words)


def _decaying(skew: float) -> tuple[float, ...]:
    weights = np.exp(-skew * np.arange(8))
    return tuple(float(x) for x in weights / weights.sum())


def _question(
    kind: str, name: str, rng: np.random.Generator, corpus: GeneratedCorpus, prior: tuple[float, ...]
) -> Item:
    values = corpus.values[kind]
    k = int(rng.choice(len(values), p=prior))
    form = SENTENCES[int(rng.integers(len(SENTENCES)))] if corpus.sentences else "{}"
    wrong = tuple(form.format(v) for j, v in enumerate(values) if j != k)
    return Item(f"{kind} : {name} ?", form.format(values[k]), name, kind, wrong)
