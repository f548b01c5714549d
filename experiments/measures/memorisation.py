"""What can be drawn out of a model: verbatim and knowledge memorisation, extraction strength, privacy leakage, general utility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.data.encoding import answer_log_probs, batch_size, encode, encode_ids, many_prompt_ids, token_log_probs
from experiments.data.items import Item
from experiments.models.decode import decode
from experiments.models.passes import slices
from mari_theory.errors import require

Floats = NDArray[np.float64]


def verbatim_memorisation(model: Any, tokenizer: Any, texts: Sequence[str], prefix: int, max_new: int) -> Floats:
    """ROUGE-L F1, a text, between the greedy continuation of its first `prefix` tokens and its next `max_new` tokens (MUSE, Shi et al. 2024).

    Raises `ArgumentError` on a text of no more than `prefix` tokens.
    """
    require(prefix >= 1, "prefix", "at least 1 token", prefix)
    ids = [list(x) for x in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
    for text, x in zip(texts, ids, strict=True):
        require(len(x) > prefix, "text", f"more than {prefix} tokens", f"{len(x)}: {text[:40]}")
    outputs = decode(model, tokenizer, [x[:prefix] for x in ids], max_new, None)
    truths = [tokenizer.decode(x[prefix : prefix + max_new]) for x in ids]
    return _rouge(tokenizer, truths, outputs, "fmeasure")


def knowledge_memorisation(model: Any, tokenizer: Any, items: Sequence[Item], max_new: int) -> Floats:
    """ROUGE-L recall, an item, of the greedy answer to its question (MUSE; TOFU's ROUGE)."""
    outputs = decode(model, tokenizer, many_prompt_ids(tokenizer, [i.prompt for i in items]), max_new, None)
    return _rouge(tokenizer, [i.answer for i in items], outputs, "recall")


def extraction_strength(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int = 64) -> Floats:
    r"""Share of an answer's tokens, counted from its end, that greedy decoding completes from the rest (Wang et al. 2025).

    .. math:: ES = 1 - \min\{k : f(x, y_{<k}) = y_{\ge k}\} / |y|, in [0, 1]; 0 when not even the last token comes out, 1 when the question suffices.
    """
    data = encode(tokenizer, items, max_answer)
    out = []
    with torch.no_grad():
        for part in slices(data, batch_size(tokenizer), model):
            right = (answer_log_probs(model, part).argmax(-1) == part.targets).cpu().numpy()
            for row, mask in zip(right, part.answer_mask.cpu().numpy(), strict=True):
                out.append(completed_share(row[mask]))
    return np.array(out)


def completed_share(right: NDArray[np.bool_]) -> float:
    """Length of the longest all-true suffix over the length.

    >>> completed_share(np.array([True, False, True, True]))
    0.5
    >>> completed_share(np.array([True, False]))
    0.0
    """
    wrong = np.flatnonzero(~right)
    return float(right.size - (wrong[-1] + 1 if wrong.size else 0)) / right.size


def privacy_leakage(auc: float, oracle_auc: float) -> float:
    """MUSE's PrivLeak in per cent: `100 (AUC - AUC_oracle) / AUC_oracle` of an attack with *unseen* items as positives; 0 is ideal.

    One oracle has noise of its own: read it beside the spread over oracles. Raises `ArgumentError` outside [0, 1] and (0, 1].

    >>> privacy_leakage(0.25, 0.5)
    -50.0
    """
    require(0.0 <= auc <= 1.0, "auc", "a number in [0, 1]", auc)
    require(0.0 < oracle_auc <= 1.0, "oracle_auc", "a number in (0, 1]", oracle_auc)
    return 100.0 * (auc - oracle_auc) / oracle_auc


@dataclass(frozen=True)
class GeneralUtility:
    """How well a model predicts running text."""

    perplexity: float
    """exp(mean nats a predicted token)."""
    accuracy: float
    """Share of tokens that are the likeliest after those before."""
    tokens: int
    """Predictions in all."""


def general_utility(model: Any, tokenizer: Any, texts: Sequence[str], window: int = 128) -> GeneralUtility:
    """Perplexity `exp(mean negative log-likelihood)` and greedy accuracy over windows of `window` tokens of each text.

    Raises `ArgumentError` when no text has two tokens.
    """
    ids = [list(x) for x in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
    pieces = [x[i : i + window] for x in ids for i in range(0, len(x), window)]
    pairs = [(p[:1], p[1:]) for p in pieces if len(p) > 1]
    require(bool(pairs), "texts", "a text of at least two tokens", len(texts))
    data = encode_ids(pairs, int(tokenizer.eos_token_id))
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for part in slices(data, max(1, batch_size(tokenizer) // 4), model):
            table = answer_log_probs(model, part)
            loss -= float(token_log_probs(table, part).double().sum())
            right += int(((table.argmax(-1) == part.targets) & part.answer_mask).sum())
            count += int(part.answer_mask.sum())
    return GeneralUtility(math.exp(loss / count), right / count, count)


def _rouge(tokenizer: Any, truths: Sequence[str], outputs: Sequence[list[int]], field: str) -> Floats:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    texts = [tokenizer.decode(o, skip_special_tokens=True) for o in outputs]
    scores = [getattr(scorer.score(a, b)["rougeL"], field) for a, b in zip(truths, texts, strict=True)]
    return np.array(scores, dtype=float)
