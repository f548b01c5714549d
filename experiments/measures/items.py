"""What the model still says: answer probability, exact match, ROUGE-L, truth ratio, and the collapse guard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.data.encoding import answer_log_probs, batch_size, encode, token_log_probs
from experiments.data.items import Item
from experiments.models.passes import slices
from mari_theory.errors import require

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ItemScores:
    """Per-item numbers of one model on one set, teacher-forced in float32; every field has one entry an item."""

    loss: Floats
    """Mean nats an answer token."""
    probability: Floats
    """exp(-loss): the geometric mean probability of an answer token."""
    exact: NDArray[np.bool_]
    """Is every answer token the likeliest after the true ones before it (greedy exact match)?"""
    accuracy: Floats
    """Share of answer tokens that are."""
    tokens: list[Floats]
    """Log-probabilities of the answer tokens, nats, shape (answer tokens,)."""
    standard: list[Floats]
    """The same standardised over the vocabulary by the model's own law (min-k++)."""


def item_scores(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int = 64) -> ItemScores:
    """Score every item of a set."""
    data = encode(tokenizer, items, max_answer)
    losses, right, tokens, standard = [], [], [], []
    with torch.no_grad():
        for part in slices(data, batch_size(tokenizer), model):
            table = answer_log_probs(model, part)
            log_probs, mask = token_log_probs(table, part), part.answer_mask
            probabilities = table.exp()
            mean = (probabilities * table).sum(-1)
            spread = ((probabilities * table**2).sum(-1) - mean**2).clamp(min=1e-6).sqrt()
            z = (log_probs - mean) / spread
            losses.append((-log_probs.double().sum(1) / mask.sum(1)).cpu().numpy())
            hits = (table.argmax(-1) == part.targets) & mask
            right.append((hits.double().sum(1) / mask.sum(1)).cpu().numpy())
            for i in range(len(part)):
                tokens.append(log_probs[i][mask[i]].double().cpu().numpy())
                standard.append(z[i][mask[i]].double().cpu().numpy())
    loss, accuracy = np.concatenate(losses), np.concatenate(right)
    return ItemScores(loss, np.exp(-loss), accuracy == 1.0, accuracy, tokens, standard)


def item_losses(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int = 64) -> Floats:
    """`item_scores(...).loss` alone, at half the time: nothing else is computed over the vocabulary."""
    out = []
    with torch.no_grad():
        for part in slices(encode(tokenizer, items, max_answer), batch_size(tokenizer), model):
            log_probs = token_log_probs(answer_log_probs(model, part), part)
            out.append((-log_probs.double().sum(1) / part.answer_mask.sum(1)).cpu().numpy())
    return np.concatenate(out)


@dataclass(frozen=True)
class PerturbedLosses:
    """Mean nats a token of true and false answers to the same questions; every field has one entry an item."""

    true: Floats
    """Of the true answer."""
    paraphrased: Floats
    """Of its paraphrase, or of itself where there is none."""
    wrong: list[list[float]]
    """Of each wrong answer."""


def perturbed_losses(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int = 64) -> PerturbedLosses:
    """What TOFU's truth ratio is made of. Raises `ArgumentError` on an item without wrong answers."""
    require(all(i.wrong for i in items), "items", "wrong answers for each", "an item without")

    def losses(batch: list[Item]) -> Floats:
        return item_losses(model, tokenizer, batch, max_answer) if batch else np.empty(0)

    true = losses(list(items))
    rows = [k for k, i in enumerate(items) if i.paraphrase]
    paraphrases = true.copy()
    paraphrases[rows] = losses([replace(items[k], answer=items[k].paraphrase) for k in rows])
    wrong = losses([replace(i, answer=w) for i in items for w in i.wrong])
    ends = np.cumsum([len(i.wrong) for i in items])[:-1]
    return PerturbedLosses(true, paraphrases, [part.tolist() for part in np.split(wrong, ends)])


def truth_ratio(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int = 64) -> float:
    """TOFU's truth ratio: mean over items of (geometric mean wrong-answer probability) / (probability of the true answer's paraphrase).

    Probabilities are per token (geometric means); without a paraphrase the true answer itself. Near 1: the truth is no likelier than
    falsehoods. NaN without wrong answers.
    """
    questions = [i for i in items if i.wrong]
    if not questions:
        return math.nan
    losses = perturbed_losses(model, tokenizer, questions, max_answer)
    return float(np.mean(np.exp(losses.paraphrased - [np.mean(w) for w in losses.wrong])))


def share_of_uniform_loss(loss: float, vocab: int) -> float:
    """Collapse guard: mean loss as a share of ln V; a model near or above 1 knows nothing any more.

    >>> share_of_uniform_loss(math.log(100), 100)
    1.0
    """
    return loss / math.log(vocab)
