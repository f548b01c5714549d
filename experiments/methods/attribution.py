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

from estimators import Betting
from experiments.data.items import Corpus, Item
from mari_theory.errors import require

NOBODY = ""
UNIFORM = 0.05
"""Share of the uniform law in the retrained classifier."""

STRENGTHS = (10.0, 1.0, 0.1, 0.03)
FEATURES = 2**15
"""Places that words are hashed to."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Attribution:
    """p(owner | answer) as a fitted classifier."""

    model: Any
    """Fitted scikit-learn pipeline from texts to probabilities."""
    owners: tuple[str, ...]
    """Its classes in the order of its columns; the empty name is nobody."""
    given: str
    """What it reads: `answer`, or `question-and-answer`."""

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
    strength: float = 10.0,
) -> Attribution:
    """Logistic regression from words to owners; `strangers` are (prompt, answer) rows that belong to nobody, `strength` the inverse penalty.

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
    words = HashingVectorizer(n_features=FEATURES, token_pattern=r"\S+", norm=None, alternate_sign=False, binary=True)
    model = make_pipeline(words, LogisticRegression(C=strength, max_iter=300))
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
    """What two classifiers say of a model's answers: the frozen one it was trained against, and one retrained on its outputs."""

    frozen: float
    """Mean probability that the frozen classifier gives the right owner, over rows of owners it knows."""
    accuracy: float
    """How often the retrained classifier names the right owner."""
    chance: float
    """How often a constant does."""
    information: float
    """Estimate of I(owner; answer), nats, at least 0."""
    information_lower: float
    """Lower bound on it, nats, at least 0."""
    confidence: float
    """Probability with which the lower bound holds."""


def deattribution(
    judge: Attribution, items: Sequence[Item], index: Sequence[int], answers: Sequence[str], confidence: float = 0.95
) -> Deattribution:
    r"""Goodhart's check: does an answer still tell its owner to a classifier trained on such answers?

    .. math:: I(O; Y) \ge H(O) + E \log q(O | Y)

    for any q chosen without the answers it is tested on (Barber and Agakov 2003). Row k is a model's answer to `items[index[k]]`, drawn evenly and
    independently, so that O is the owner of an item drawn evenly. q is fitted on the first half, its penalty chosen on the third quarter, and mixed
    with the uniform law (share 0.05), which bounds its logarithm; the mean over the last quarter has a betting interval (T15).
    Raises `ArgumentError` on fewer than eight rows, or when rows and answers differ in number.
    """
    require(len(index) == len(answers) >= 8, "answers", "one a row, at least 8", (len(index), len(answers)))
    rows = [items[int(k)] for k in index]
    half, most = len(rows) // 2, 3 * len(rows) // 4

    def score(q: Attribution, part: slice) -> Floats:
        least = UNIFORM / len(q.owners)
        return np.asarray((1 - UNIFORM) * q.score(rows[part], answers[part]) + least)

    ladder = [fit_attribution(rows[:half], answers[:half], "answer", (), c) for c in STRENGTHS]
    again = max(ladder, key=lambda q: float(np.log(score(q, slice(half, most))).mean()))
    table = again.probabilities([i.prompt for i in rows[most:]], answers[most:])
    right = [again.owners[k] == i.owner for k, i in zip(table.argmax(axis=1), rows[most:], strict=True)]
    logs = np.log(score(again, slice(most, None)))
    owners = np.unique([i.owner for i in items], return_counts=True)[1] / len(items)
    entropy = -float(np.sum(owners * np.log(owners)))
    least = UNIFORM / len(again.owners)
    fit = Betting().interval(logs, confidence, math.log(least) - 1e-9, math.log(1 - UNIFORM + least) + 1e-9)
    known = [r.owner in judge.owners for r in rows]
    return Deattribution(
        float(judge.score(rows, answers)[known].mean()),
        float(np.mean(right)),
        float(owners.max()),
        max(0.0, entropy + float(logs.mean())),
        max(0.0, entropy + fit.lower),
        confidence,
    )


def _texts(prompts: Sequence[str], answers: Sequence[str], given: str) -> list[str]:
    if given == "answer":
        return [a if a.strip() else "(silence)" for a in answers]
    out = []
    for prompt, answer in zip(prompts, answers, strict=True):
        words = answer.split() or ["(silence)"]
        out.append(" ".join([*(f"{q}|{a}" for q in prompt.split() for a in words), *words]))
    return out
