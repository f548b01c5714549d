"""Detectors that try to break every certificate.

Two games. *Membership*: tell forget questions from never-seen ones by the model's scores. *Origin*: tell from an output which
arm wrote it; these are counted on held-out rows and become certified lower bounds (T19).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimators.audit import DetectorBound, audit_scores
from estimators.intervals import ClopperPearson
from experiments.data.items import Item
from experiments.measures.items import ItemScores
from mari_theory.errors import require

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Attack:
    """A membership attack's result, the forget items as positives."""

    name: str
    """The score that is attacked with, or the blind baseline."""
    auc: float
    """In [0, 1]; far under 1/2 is as detectable as far above."""
    auc_low: float | None
    """Lower end of a 95 % bootstrap by author (descriptive, not certified); None with fewer than eight authors on a side."""
    auc_high: float | None
    """Upper end of it."""
    tpr_at_1_percent: tuple[float, float, float] | None = None
    """TPR at 1 % FPR with both exact ends (`tpr_at`), None with fewer than 100 scored unseen items."""
    tpr_at_01_percent: tuple[float, float, float] | None = None
    """The same at 0.1 % FPR, None with fewer than 1,000."""

    @property
    def advantage_auc(self) -> float:
        """max(AUC, 1 - AUC): an AUC far under 1/2 is just as detectable."""
        return either_way(self.auc)


FEWEST_OWNERS = 8
"""Authors that a bootstrap by author needs on each side."""


def membership_signals(
    scores: ItemScores, items: Sequence[Item], references: Sequence[ItemScores] = ()
) -> dict[str, Floats]:
    """Per-item scores, larger = more likely a member: loss, zlib-normalised, min-k 20 %, min-k++ 20 %, and against retrained models.

    `reference ratio`: their mean loss less this model's. `LiRA`, with at least three: the same in standard deviations of their losses on
    the item, each variance averaged with that of all items (Carlini et al. 2022, offline, where few shadow models are).
    """
    total = np.array([t.sum() for t in scores.tokens])
    lengths = np.array([len(zlib.compress(f"{i.prompt} {i.answer}".encode())) for i in items])
    signals = {
        "loss": -scores.loss,
        "zlib": total / lengths,
        "min-k": np.array([_lowest(t) for t in scores.tokens]),
        "min-k++": np.array([_lowest(t) for t in scores.standard]),
    }
    if references:
        losses = np.stack([r.loss for r in references])
        signals["reference ratio"] = losses.mean(0) - scores.loss
        if len(references) >= 3:
            variance = losses.var(0, ddof=1)
            signals["LiRA"] = signals["reference ratio"] / np.sqrt((variance + variance.mean()) / 2 + 1e-12)
    return signals


def membership_attacks(
    forget: tuple[ItemScores, Sequence[Item]],
    holdout: tuple[ItemScores, Sequence[Item]],
    references: Sequence[tuple[ItemScores, ItemScores]] = (),
    seed: int = 0,
) -> list[Attack]:
    """All attacks on one model, forget items against never-seen ones; `references` are retrained models' scores on both."""
    positives = membership_signals(*forget, [r[0] for r in references])
    negatives = membership_signals(*holdout, [r[1] for r in references])
    owners = ([i.owner for i in forget[1]], [i.owner for i in holdout[1]])
    return [attack(name, positives[name], negatives[name], owners, seed) for name in positives]


def attack(
    name: str, positive: Floats, negative: Floats, owners: tuple[Sequence[str], Sequence[str]], seed: int = 0
) -> Attack:
    """AUC with an author bootstrap, TPR at 1 % and 0.1 % FPR with exact intervals."""
    value = auc(positive, negative)
    rng = np.random.default_rng([seed, 53])
    groups = []
    for scores, names in ((positive, owners[0]), (negative, owners[1])):
        _, inverse = np.unique(np.asarray(names), return_inverse=True)
        groups.append([scores[inverse == k] for k in range(int(inverse.max()) + 1)])
    draws = []
    for _ in range(200 if min(map(len, groups)) >= FEWEST_OWNERS else 0):
        parts = [np.concatenate([g[int(k)] for k in rng.integers(len(g), size=len(g))]) for g in groups]
        draws.append(auc(parts[0], parts[1]))
    low, high = np.quantile(draws, [0.025, 0.975]).tolist() if draws else (None, None)
    return Attack(name, value, low, high, tpr_at(positive, negative, 0.01), tpr_at(positive, negative, 0.001))


def over_seeds(attacks: Sequence[Attack]) -> Attack:
    """One attack on several models trained alike: means over them; the ends of its bootstrap are the outermost."""
    lows = [a.auc_low for a in attacks if a.auc_low is not None]
    highs = [a.auc_high for a in attacks if a.auc_high is not None]

    def mean(ends: Sequence[tuple[float, float, float] | None]) -> tuple[float, float, float] | None:
        known = [e for e in ends if e is not None]
        if not known:
            return None
        return float(np.mean([e[0] for e in known])), min(e[1] for e in known), max(e[2] for e in known)

    return Attack(
        attacks[0].name,
        float(np.mean([a.auc for a in attacks])),
        min(lows, default=None),
        max(highs, default=None),
        mean([a.tpr_at_1_percent for a in attacks]),
        mean([a.tpr_at_01_percent for a in attacks]),
    )


def tpr_at(
    positive: Floats, negative: Floats, fpr: float, confidence: float = 0.95
) -> tuple[float, float, float] | None:
    """TPR at the threshold that a share `fpr` of the negatives passes, with its exact interval for that threshold.

    The threshold comes from the negatives alone, so positives are counted against a fixed one and Clopper-Pearson holds for items
    drawn independently. None with fewer than 1 / fpr negatives: no threshold at that rate can be told from them.
    """
    require(0.0 < fpr < 1.0, "fpr", "a number in (0, 1)", fpr)
    if negative.size * fpr < 1.0:
        return None
    ranking = np.sort(negative)[::-1]
    hits = int(np.sum(positive > ranking[int(fpr * negative.size) - 1]))
    interval = ClopperPearson().counts(hits, positive.size, confidence)
    return hits / positive.size, interval.lower, interval.upper


def blind_baseline(forget: Sequence[Item], holdout: Sequence[Item], seed: int = 0) -> Attack:
    """A text-only classifier that never sees a model, cross-validated by author: what the data alone gives away."""
    scores, owners = blind_scores(forget, holdout), ([i.owner for i in forget], [i.owner for i in holdout])
    if scores is None:
        return Attack("blind (text only)", 0.5, 0.0, 1.0)
    return attack("blind (text only)", scores[: len(forget)], scores[len(forget) :], owners, seed)


def blind_scores(forget: Sequence[Item], holdout: Sequence[Item]) -> Floats | None:
    """Its score of every item, those to forget first; None where one side has a single author."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    items = [*forget, *holdout]
    labels = np.array([1] * len(forget) + [0] * len(holdout))
    owners = [i.owner for i in items]
    folds = min(5, len(set(owners[: len(forget)])), len(set(owners[len(forget) :])))
    if folds < 2:
        return None
    pipe = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(class_weight="balanced", max_iter=500))
    # Folds by author within each class, so that every fold holds both.
    groups = np.empty(len(items), dtype=int)
    for label in (0, 1):
        names = sorted({o for o, y in zip(owners, labels, strict=True) if y == label})
        place = {n: k % folds for k, n in enumerate(names)}
        for i, o in enumerate(owners):
            if labels[i] == label:
                groups[i] = place[o]
    texts = [f"{i.prompt} {i.answer}" for i in items]
    scores = cross_val_predict(pipe, texts, labels, groups=groups, cv=GroupKFold(folds), method="decision_function")
    return np.asarray(scores, dtype=float)


def origin_detectors(
    texts: Sequence[str], arm: NDArray[np.integer], signals: dict[str, Floats], confidence: float, seed: int = 0
) -> dict[str, DetectorBound]:
    """Detectors of the arm that wrote each row: every given score, answer length, and a text classifier (T19).

    Thresholds and classifiers use the first half of each arm's rows; counts come from the second half.
    """
    p, q = np.flatnonzero(arm == 0), np.flatnonzero(arm == 1)
    out = {name: audit_scores(s[p], s[q], confidence) for name, s in signals.items()}
    lengths = np.array([len(t.split()) for t in texts], dtype=float)
    out["answer length"] = audit_scores(lengths[p], lengths[q], confidence)
    text = text_scores(texts, arm)
    out["text classifier"] = audit_scores(text[p], text[q], confidence)
    return out


def text_scores(texts: Sequence[str], arm: NDArray[np.integer]) -> Floats:
    """Scores of a word n-gram classifier of the arm, trained on the first quarter of each arm's rows.

    A quarter, not a half: `audit_scores` picks its threshold on the first half, and rows the classifier has
    memorised would mislead that choice (the counted second half is fresh either way).
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train = np.concatenate(
        [rows[: max(1, rows.size // 4)] for rows in (np.flatnonzero(arm == 0), np.flatnonzero(arm == 1))]
    )
    table = CountVectorizer(ngram_range=(1, 3), binary=True, token_pattern=r"\S+").fit_transform(texts)
    model = LogisticRegression(max_iter=300).fit(table[train], arm[train])
    return np.asarray(model.decision_function(table), dtype=float)


def auc(positive: Floats, negative: Floats) -> float:
    """Probability that a positive scores above a negative, ties one half.

    >>> auc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    order = np.sort(negative)
    below = np.searchsorted(order, positive, "left")
    ties = np.searchsorted(order, positive, "right") - below
    return float((below + 0.5 * ties).mean() / negative.size)


def either_way(area: float) -> float:
    """max(AUC, 1 - AUC): an attacker may turn the score around.

    >>> either_way(0.25)
    0.75
    """
    return max(area, 1.0 - area)


def _lowest(tokens: Floats) -> float:
    return float(np.sort(tokens)[: max(1, round(0.2 * tokens.size))].mean())
