"""Every output of at most two tokens, with its probability under each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from experiments.data.encoding import answer_log_probs, encode_ids
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


REST = 1e-4
"""Outputs that hold all but this much of every model's mass are listed in an option file; the others are its rest."""


MOST_OUTPUTS = 500


def enumerated_options(
    bank: ModelBank,
    arms: tuple[Sequence[str], Sequence[str]],
    prompts: Sequence[list[int]],
    names: Sequence[tuple[str, str]],
    labels: dict[str, str],
) -> dict[str, list[Any]]:
    """Columns of an option file: the law of whole outputs of at most two tokens of every model, prompt by prompt.

    `names`: (prompt id, owner) of each prompt; `labels`: a model's name in the file. Rare first tokens are not continued and go to the
    rest, as do the rarest outputs once what is left holds less than `REST` under every model.
    """
    end = int(bank.tokenizer.eos_token_id)
    models = list(dict.fromkeys([*arms[0], *arms[1]]))
    first = {n: _next(bank.use(n), [(p, [end]) for p in prompts], end) for n in models}
    grown = np.max([first[n] for n in models], axis=0) >= 1e-6
    grown[:, end] = False
    where = np.argwhere(grown)
    contexts = [([*prompts[i], int(v)], [end]) for i, v in where]
    second = {n: _next(bank.use(n), contexts, end) for n in models} if contexts else {}
    starts = np.searchsorted(where[:, 0], np.arange(len(prompts) + 1))
    columns: dict[str, list[Any]] = {
        k: [] for k in ("prompt_id", "cluster_id", "place", "option", "arm", "model", "log_weight")
    }
    for i, (prompt, owner) in enumerate(names):
        at = slice(int(starts[i]), int(starts[i + 1]))
        tokens = where[at, 1]
        laws = np.stack(
            [
                np.append((first[n][i, tokens][:, None] * second[n][at]).ravel(), first[n][i, end])
                if tokens.size
                else first[n][i, [end]]
                for n in models
            ]
        )
        order = np.argsort(-laws.max(axis=0), kind="stable")[:MOST_OUTPUTS]
        remainder = 1.0 - np.cumsum(laws[:, order], axis=1)
        enough = np.flatnonzero(np.all(remainder <= REST, axis=0))
        top = order[: int(enough[0]) + 1] if enough.size else order
        vocabulary = first[models[0]].shape[1]
        outputs = [
            "end" if k == laws.shape[1] - 1 else f"{tokens[k // vocabulary]} {k % vocabulary}" for k in top.tolist()
        ]
        for arm, members in enumerate(arms):
            for n in members:
                law = laws[models.index(n), top]
                masses = [*law.tolist(), max(1.0 - float(law.sum()), 0.0)]
                with np.errstate(divide="ignore"):
                    weights = np.log(masses).tolist()
                size = len(masses)
                for key, value in zip(
                    columns,
                    (
                        [prompt] * size,
                        [owner] * size,
                        [0] * size,
                        [*outputs, "rest"],
                        [arm] * size,
                        [labels[n]] * size,
                        weights,
                    ),
                    strict=True,
                ):
                    columns[key] += value
    return columns


def _next(model: Any, pairs: Sequence[tuple[list[int], list[int]]], pad: int, size: int = 512) -> Floats:
    rows = []
    with torch.no_grad():
        for start in range(0, len(pairs), size):
            batch = encode_ids(pairs[start : start + size], pad).to(device_of(model))
            rows.append(answer_log_probs(model, batch)[:, 0].double().exp().cpu().numpy())
    table = np.concatenate(rows)
    return np.asarray(table / table.sum(1, keepdims=True))
