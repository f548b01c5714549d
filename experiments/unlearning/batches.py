"""Which items a step sees: a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, encode, encode_twins
from experiments.data.items import Corpus, Item
from experiments.data.refusals import refusal
from experiments.methods.base import Batch, MatchSource
from mari_theory.errors import require


def pick(seed: int, stream: int, step: int, count: int, n: int) -> list[int]:
    """Indices of step `step` of an endless sequence of shuffles of n items: a pure function of its arguments.

    >>> sorted(pick(0, 1, 0, 3, 6) + pick(0, 1, 1, 3, 6))
    [0, 1, 2, 3, 4, 5]
    """
    out: list[int] = []
    for position in range(step * count, (step + 1) * count):
        epoch, index = divmod(position, n)
        if not out or index == 0:
            order = np.random.default_rng([seed, stream, epoch]).permutation(n)
        out.append(int(order[index]))
    return out


def make_batch(
    tokenizer: Any,
    corpus: Corpus,
    repeated: Sequence[Item],
    s: LoopSettings,
    step: int,
    source: MatchSource = "name",
) -> Batch:
    """The data of one step. `repeated` are the items that stay (or that are being learnt)."""
    retain = [repeated[i] for i in pick(s.seed, 1, step, s.batch_retain, len(repeated))]
    forget = [corpus.forget[i] for i in pick(s.seed, 2, step, s.batch_forget, len(corpus.forget))]
    background = corpus.background(np.random.default_rng([s.seed, 7, step]), s.batch_background)

    def twins() -> Encoded:
        rng = np.random.default_rng([s.seed, 8, step])
        if source == "holdout":
            return encode(tokenizer, [corpus.never_seen(i, rng) for i in forget], s.max_answer)
        return encode_twins(tokenizer, forget, [corpus.matched(i, rng) for i in forget], s.max_answer)

    def template() -> Encoded:
        rng = np.random.default_rng([s.seed, 10, step])
        return encode(tokenizer, [refusal(corpus, i, rng) for i in forget], s.max_answer)

    def encoded(items: Sequence[Item]) -> Callable[[], Encoded]:
        return lambda: encode(tokenizer, items, s.max_answer)

    return Batch(encoded([*retain, *background]), encoded(retain), encoded(forget), twins, template, forget)


def require_match(corpus: Corpus, source: MatchSource) -> None:
    """There is something to match with: prompts that name their subject, or never-seen items."""
    if source == "name":
        count = sum(corpus.subject.get(i.owner, i.owner) in i.prompt for i in corpus.forget)
        require(count > 0, "forget", "prompts that name their owner, or another source", "no prompt that does")
    if source == "holdout":
        require(len(corpus.holdout) > 0, "holdout", "never-seen items to match with", 0)
