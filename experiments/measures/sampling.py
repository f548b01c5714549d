"""Sample from both arms, score under both in float32, and (tiny models) enumerate the exact divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.data.encoding import answer_log_probs, batch_size, encode_ids, token_log_probs
from experiments.models.banks import ModelBank
from experiments.models.decode import decode
from experiments.models.device import device_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Outputs drawn from an arm: prompts uniform with replacement, the arm's model uniform (T25), then the output."""

    prompt_index: NDArray[np.int64]
    """Which prompt each output answers, shape (outputs,)."""
    outputs: list[list[int]]
    """Token ids of each output, the end token included when it came in time."""

    def cut(self, length: int) -> Draws:
        """The first tokens of every output."""
        return Draws(self.prompt_index, [o[:length] for o in self.outputs])


@dataclass(frozen=True)
class OwnerDraws:
    """Draws from an arm of a whole owner: owners uniform, the arm's model uniform, then one output of it to every question about the owner."""

    owners: list[str]
    """Whom each draw is about."""
    number: NDArray[np.int64]
    """Which draw each output belongs to, in order."""
    answers: Draws
    """The outputs of all draws, one after the other."""

    @property
    def tokens(self) -> list[int]:
        """Of all outputs of a draw."""
        sizes = [len(o) for o in self.answers.outputs]
        return np.bincount(self.number, sizes, len(self.owners)).astype(int).tolist()


def draw(bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], n: int, max_new: int, seed: int) -> Draws:
    """n independent draws from the arm, temperature 1, no truncation of the distribution, at most `max_new` tokens."""
    rng = np.random.default_rng([seed, 31])
    index, which = rng.integers(len(prompts), size=n), rng.integers(len(arm), size=n)
    outputs: list[list[int]] = [[] for _ in range(n)]
    for k, name in enumerate(arm):
        rows = np.flatnonzero(which == k)
        if rows.size:
            texts = [prompts[int(index[r])] for r in rows]
            for r, out in zip(
                rows, decode(bank.use(name), bank.tokenizer, texts, max_new, seed * 1009 + k), strict=True
            ):
                outputs[int(r)] = out
    return Draws(index, outputs)


def draw_owners(
    bank: ModelBank,
    arm: Sequence[str],
    prompts: Sequence[list[int]],
    owners: Sequence[str],
    n: int,
    max_new: int,
    seed: int,
) -> OwnerDraws:
    """n independent draws; `owners` says whom each prompt is about."""
    rng = np.random.default_rng([seed, 37])
    names = list(dict.fromkeys(owners))
    about = {name: [k for k, owner in enumerate(owners) if owner == name] for name in names}
    whom, which = rng.integers(len(names), size=n), rng.integers(len(arm), size=n)
    asked = [about[names[int(i)]] for i in whom]
    number = np.repeat(np.arange(n), [len(x) for x in asked])
    index = np.array([k for x in asked for k in x])
    outputs: list[list[int]] = [[] for _ in index]
    for k, name in enumerate(arm):
        rows = np.flatnonzero(which[number] == k)
        if rows.size:
            texts = [prompts[int(index[r])] for r in rows]
            made = decode(bank.use(name), bank.tokenizer, texts, max_new, seed * 1009 + k)
            for r, out in zip(rows.tolist(), made, strict=True):
                outputs[r] = out
    return OwnerDraws([names[int(i)] for i in whom], number, Draws(index, outputs))


def log_likelihoods(bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], draws: Draws) -> Floats:
    """log P(output | prompt) of every draw under the arm (the average of its models), float64 from float32 logits."""
    return _mean_over_models(_by_model(bank, arm, prompts, draws))


def owner_log_likelihoods(
    bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], draws: OwnerDraws
) -> Floats:
    """log P(all outputs of a draw) under the arm: outputs of one model multiply, models are averaged after that."""
    table = _by_model(bank, arm, prompts, draws.answers)
    return _mean_over_models(np.stack([np.bincount(draws.number, row, len(draws.owners)) for row in table]))


def _by_model(bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], draws: Draws) -> Floats:
    """Shape (models of the arm, outputs)."""
    pairs = [(prompts[int(i)], o) for i, o in zip(draws.prompt_index, draws.outputs, strict=True)]
    end = int(bank.tokenizer.eos_token_id)
    size = batch_size(bank.tokenizer)
    return np.stack([sequence_log_probs(bank.use(name), pairs, end, size) for name in arm])


def _mean_over_models(table: Floats) -> Floats:
    """Log of the mean likelihood."""
    top = table.max(0)
    return np.asarray(top + np.log(np.exp(table - top).mean(0)))


def sequence_log_probs(model: Any, pairs: Sequence[tuple[list[int], list[int]]], pad: int, size: int) -> Floats:
    """Whole-output log-likelihoods; batches of fixed size in length order, so a score does not depend on its company."""
    order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i][0]) + len(pairs[i][1]), i))
    out = np.zeros(len(pairs))
    with torch.no_grad():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            batch = encode_ids([pairs[i] for i in rows], pad).to(device_of(model))
            out[rows] = token_log_probs(answer_log_probs(model, batch), batch).double().sum(1).cpu().numpy()
    return np.minimum(out, 0.0)
