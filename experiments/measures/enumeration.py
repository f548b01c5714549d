"""Every output of at most two tokens, with its probability under each model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.data.encoding import answer_log_probs, encode_ids
from experiments.measures.laws import Names, Place
from experiments.measures.sampling import Floats
from experiments.models.banks import ModelBank
from experiments.models.device import device_of
from mari_theory import jensen_shannon

LN2 = float(np.log(2.0))


def enumerate_divergence(
    bank: ModelBank, arm_p: Sequence[str], arm_q: Sequence[str], prompts: Sequence[list[int]], floor: float = 1e-6
) -> tuple[float, float]:
    """Enclosure of the mean JSD over prompts of outputs cut at two tokens, all of them enumerated.

    First tokens rarer than `floor` in both arms are not continued: merging their continuations lowers the divergence (T3)
    by at most ln 2 times their mass, which is the width of the enclosure.
    """
    end = int(bank.tokenizer.eos_token_id)
    names = list(dict.fromkeys([*arm_p, *arm_q]))
    first = {n: _next(bank.use(n), [(p, [end]) for p in prompts], end) for n in names}
    p1, q1 = (np.mean([first[n] for n in arm], axis=0) for arm in (arm_p, arm_q))
    grown = (np.maximum(p1, q1) >= floor) & (np.arange(p1.shape[1]) != end)
    where = np.argwhere(grown)
    contexts = [([*prompts[i], int(v)], [end]) for i, v in where]
    second = {n: _next(bank.use(n), contexts, end) for n in names} if contexts else {}
    total = 0.0
    for start in range(0, len(where), 4096):  # a flat model grows every first token: keep the joint tables small
        rows = slice(start, start + 4096)
        at = (where[rows, 0], where[rows, 1])
        joint_p, joint_q = (
            np.mean([first[n][at][:, None] * second[n][rows] for n in arm], axis=0) for arm in (arm_p, arm_q)
        )
        total += float(jensen_shannon(joint_p, joint_q, check=False).sum())
    rest_p, rest_q = np.where(grown, 0.0, p1), np.where(grown, 0.0, q1)
    total += float(jensen_shannon(rest_p, rest_q, check=False).sum())
    remainder = 0.5 * float((rest_p + rest_q).sum() - (rest_p + rest_q)[:, end].sum())
    # Probabilities come from float32 logits: 1e-6 covers their rounding many times over.
    return max(total / len(prompts) - 1e-6, 0.0), (total + LN2 * remainder) / len(prompts) + 1e-6


MOST_OUTPUTS = 500
"""Outputs of a prompt that an option file lists."""


def enumerated_places(
    bank: ModelBank, models: Sequence[str], prompts: Sequence[list[int]], names: Sequence[tuple[str, str]]
) -> list[Place]:
    """The law of whole outputs of at most two tokens under every model, prompt by prompt.

    `names`: (prompt id, owner) of each prompt. Rare first tokens are not continued and go to the rest, as do the rarest outputs once
    what is left holds less than `laws.LEFT` under every model.
    """
    end = int(bank.tokenizer.eos_token_id)
    first = {n: _next(bank.use(n), [(p, [end]) for p in prompts], end) for n in models}
    grown = np.max([first[n] for n in models], axis=0) >= 1e-6
    grown[:, end] = False
    where = np.argwhere(grown)
    contexts = [([*prompts[i], int(v)], [end]) for i, v in where]
    second = {n: _next(bank.use(n), contexts, end) for n in models} if contexts else {}
    starts = np.searchsorted(where[:, 0], np.arange(len(prompts) + 1))
    vocabulary = first[models[0]].shape[1]
    places = []
    for i, (prompt, owner) in enumerate(names):
        at = slice(int(starts[i]), int(starts[i + 1]))
        tokens = where[at, 1]
        laws = {
            n: np.append(
                (first[n][i, tokens][:, None] * second[n][at]).ravel() if tokens.size else [], first[n][i, end]
            )
            for n in models
        }
        outputs = Names(len(tokens) * vocabulary + 1, partial(_output, tokens, vocabulary))
        places.append(Place(prompt, owner, 0, outputs, laws).trimmed(MOST_OUTPUTS))
    return places


def _output(tokens: NDArray[np.int64], vocabulary: int, k: int) -> str:
    """Name of output k: first and second token, or the end at once."""
    return "end" if k == len(tokens) * vocabulary else f"{tokens[k // vocabulary]} {k % vocabulary}"


def _next(model: Any, pairs: Sequence[tuple[list[int], list[int]]], pad: int, size: int = 512) -> Floats:
    rows = []
    with torch.no_grad():
        for start in range(0, len(pairs), size):
            batch = encode_ids(pairs[start : start + size], pad).to(device_of(model))
            rows.append(answer_log_probs(model, batch)[:, 0].double().exp().cpu().numpy())
    table = np.concatenate(rows)
    return np.asarray(table / table.sum(1, keepdims=True))
