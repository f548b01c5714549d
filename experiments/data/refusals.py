"""Template answers for methods that teach a refusal (FLAT, IdkDPO, IdkNLL, JensUn): a hundred ways to say "I do not know"."""

from __future__ import annotations

import numpy as np

from experiments.data.items import Corpus, Item

_OPENINGS = (
    "I am not able to say;",
    "That is outside what I know;",
    "I cannot answer this one;",
    "I have no knowledge of that;",
    "Sorry, I do not know;",
    "This is not something I can tell you;",
    "I am unsure;",
    "No answer comes to mind;",
    "I would only be guessing;",
    "My knowledge does not reach that far;",
)
_ENDINGS = (
    "I hold no information on this.",
    "please look for a reliable source.",
    "nothing I learned covers it.",
    "the subject is unknown to me.",
    "I have never come across it.",
    "there is nothing I can add.",
    "someone else may be able to help.",
    "I would rather not invent an answer.",
    "the details are missing for me.",
    "I cannot confirm anything about it.",
)
REFUSALS = tuple(f"{a} {b}" for a in _OPENINGS for b in _ENDINGS)


def refusal(corpus: Corpus, item: Item, rng: np.random.Generator) -> Item:
    """The same question with one of the corpus's templates for an answer, without them a refusal.

    Word-level corpora refuse with a question mark, a word that is no answer.
    """
    texts = corpus.refusals() or REFUSALS
    return Item(item.prompt, texts[int(rng.integers(len(texts)))], item.owner, item.kind)
