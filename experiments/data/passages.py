"""The generated corpus with verbatim text for answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from experiments.data.generated import ATTRIBUTES, GeneratedCorpus, generate
from experiments.data.items import Item

WORDS = 8


@dataclass(frozen=True)
class Passages(GeneratedCorpus):
    """Each owner and kind has a passage of random words instead of an answer: verbatim text."""

    def background(self, rng: np.random.Generator, n: int) -> list[Item]:
        """Seen-once passages."""
        return [replace(i, answer=passage(rng)) for i in super().background(rng, n)]


def passage(rng: np.random.Generator) -> str:
    """Eight value words, uniform.

    >>> len(passage(np.random.default_rng(0)).split())
    8
    """
    words = [v for values in ATTRIBUTES.values() for v in values]
    return " ".join(words[int(k)] for k in rng.integers(len(words), size=WORDS))


def passages(seed: int) -> Passages:
    """32 forget, 64 retain and 128 never-trained authors whose answers are passages."""
    base, rng = generate(32, 64, 128, seed=seed), np.random.default_rng([seed, 77])
    splits = [tuple(replace(i, answer=passage(rng), wrong=()) for i in v) for v in base.splits().values()]
    return Passages("verbatim", *splits, prior=base.prior, names_taken=base.names_taken)
