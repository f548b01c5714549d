"""Whose data does an answer come from: the classifier DareU lowers, and the honest check with a classifier trained afterwards.

The paper's classifier is a small language model on the answer alone; here it is logistic regression on words, with seconds of training.
`given="answer"` reads the answer alone, as the paper does; `given="question-and-answer"` (ours) also crosses it with the question's words, which
is what attribution means where answers are single words that many owners share. A class "nobody" holds answers that belong to no owner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.corpus import Corpus, Item
from mari_theory.errors import require

NOBODY = ""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Attribution:
    """p(owner | answer) as a fitted classifier; `owners` are its classes."""

    model: Any
    owners: tuple[str, ...]
    given: str

    def probabilities(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """p(owner | x) for every owner, shape (answers, owners)."""
        return np.asarray(self.model.predict_proba(_texts(prompts, answers, self.given)))

    def score(self, items: Sequence[Item], answers: Sequence[str]) -> Floats:
        """DA(i, y): the probability of the item's own owner, one an answer."""
        table = self.probabilities([i.prompt for i in items], answers)
        place = {o: k for k, o in enumerate(self.owners)}
        return np.array([table[r, place[i.owner]] if i.owner in place else 0.0 for r, i in enumerate(items)])


def fit_attribution(
    items: Sequence[Item],
    answers: Sequence[str],
    given: str = "question-and-answer",
    strangers: Sequence[tuple[str, str]] = (),
) -> Attribution:
    """Logistic regression from words to owners; `strangers` are (prompt, answer) rows that belong to nobody.

    Raises `ArgumentError` with fewer than two classes or an unknown `given`.
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    require(given in ("answer", "question-and-answer"), "given", "answer or question-and-answer", given)
    labels = [i.owner for i in items] + [NOBODY] * len(strangers)
    require(len(set(labels)) >= 2, "items", "at least two owners", len(set(labels)))
    prompts = [i.prompt for i in items] + [p for p, _ in strangers]
    texts = _texts(prompts, [*answers, *(a for _, a in strangers)], given)
    words = HashingVectorizer(n_features=2**15, token_pattern=r"\S+", norm=None, alternate_sign=False, binary=True)
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=300))
    model.fit(texts, labels)
    return Attribution(model, tuple(model.classes_), given)


def frozen_attribution(corpus: Corpus, given: str, seed: int = 0) -> Attribution:
    """Fitted on every owner's reference answers before unlearning, false answers to the same questions as nobody's."""
    items = [*corpus.forget, *corpus.retain]
    rng = np.random.default_rng([seed, 41])
    strangers = []
    if given == "question-and-answer":
        for i in items:
            others = i.wrong or tuple(items[int(k)].answer for k in rng.integers(len(items), size=3))
            strangers += [(i.prompt, others[int(k)]) for k in rng.integers(len(others), size=2)]
    return fit_attribution(items, [i.answer for i in items], given, strangers)


@dataclass(frozen=True)
class Deattribution:
    """What two classifiers say of a model's answers: the frozen one it was trained against, and one retrained on its outputs.

    `information_lower` is H(owner) - cross-entropy of the retrained classifier on held-out outputs, in nats: a lower estimate of I(owner; answer).
    """

    frozen: float
    retrained_accuracy: float
    chance: float
    information_lower: float


def deattribution(frozen: Attribution, items: Sequence[Item], draws: Sequence[Sequence[str]]) -> Deattribution:
    """Goodhart's check. `draws[k]` are the model's answers to all items, one sampled set each; the last quarter is held out."""
    require(len(draws) >= 2, "draws", "at least two sampled answers an item", len(draws))
    held = max(1, len(draws) // 4)
    train, test = draws[:-held], draws[-held:]
    rows = [(i, a) for d in train for i, a in zip(items, d, strict=True)]
    again = fit_attribution([i for i, _ in rows], [a for _, a in rows], "answer")
    tested = [(i, a) for d in test for i, a in zip(items, d, strict=True)]
    score = again.score([i for i, _ in tested], [a for _, a in tested])
    table = again.probabilities([i.prompt for i, _ in tested], [a for _, a in tested])
    guess = [again.owners[k] for k in table.argmax(axis=1)]
    counts = np.unique([i.owner for i, _ in tested], return_counts=True)[1] / len(tested)
    entropy = -float(np.sum(counts * np.log(counts)))
    return Deattribution(
        float(np.mean([frozen.score(items, d).mean() for d in draws])),
        float(np.mean([g == i.owner for g, (i, _) in zip(guess, tested, strict=True)])),
        float(counts.max()),
        max(0.0, entropy + float(np.mean(np.log(np.maximum(score, math.exp(-50)))))),
    )


def _texts(prompts: Sequence[str], answers: Sequence[str], given: str) -> list[str]:
    if given == "answer":
        return [a if a.strip() else "(silence)" for a in answers]
    out = []
    for prompt, answer in zip(prompts, answers, strict=True):
        words = answer.split() or ["(silence)"]
        out.append(" ".join([*(f"{q}|{a}" for q in prompt.split() for a in words), *words]))
    return out
