"""Sample from both arms, score under both in float32, and (tiny models) enumerate the exact divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.device import device_of
from experiments.encoding import answer_log_probs, batch_size, encode_ids, token_log_probs
from mari_theory import jensen_shannon

Floats = NDArray[np.float64]
LN2 = float(np.log(2.0))


class ModelBank(Protocol):
    """Models by name. The object from `use` is valid until the next call: adapters share one base."""

    tokenizer: Any

    def use(self, name: str) -> Any:
        """The named model, float32, in evaluation mode."""
        ...


@dataclass(frozen=True)
class Draws:
    """Outputs drawn from an arm: prompts uniform with replacement, the arm's model uniform (T25), then the output."""

    prompt_index: NDArray[np.int64]
    outputs: list[list[int]]


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


def decode(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[list[int]],
    max_new: int,
    seed: int | None,
    temperature: float = 1.0,
) -> list[list[int]]:
    """Sampled (or with `seed=None` greedy) continuations, the end token included when it came in time."""
    device = device_of(model)
    generator = None if seed is None else torch.Generator(device).manual_seed(seed)
    end, size = int(tokenizer.eos_token_id), 2 * batch_size(tokenizer)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out: list[list[int]] = [[] for _ in prompts]
    with torch.no_grad():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            width = max(len(prompts[i]) for i in rows)
            ids = torch.full((len(rows), width), end)
            mask = torch.zeros((len(rows), width), dtype=torch.long)
            for j, i in enumerate(rows):
                ids[j, width - len(prompts[i]) :] = torch.tensor(prompts[i])
                mask[j, width - len(prompts[i]) :] = 1
            ids, mask = ids.to(device), mask.to(device)
            alive, cache, step_ids = torch.ones(len(rows), dtype=torch.bool, device=device), None, ids
            for _ in range(max_new):
                positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -step_ids.shape[1] :]
                states = model(
                    input_ids=step_ids,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                logits, cache = states.logits[:, -1].float(), states.past_key_values
                if generator is None:
                    chosen = logits.argmax(-1)
                else:
                    chosen = torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=generator)[:, 0]
                for i, on, token in zip(rows, alive.tolist(), chosen.tolist(), strict=True):
                    if on:
                        out[i].append(token)
                alive = alive & (chosen != end)
                if not bool(alive.any()):
                    break
                step_ids = chosen[:, None]
                mask = torch.cat([mask, torch.ones((len(rows), 1), dtype=torch.long, device=device)], 1)
    return out


def log_likelihoods(bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], draws: Draws) -> Floats:
    """log P(output | prompt) of every draw under the arm (the average of its models), float64 from float32 logits."""
    pairs = [(prompts[int(i)], o) for i, o in zip(draws.prompt_index, draws.outputs, strict=True)]
    end = int(bank.tokenizer.eos_token_id)
    size = batch_size(bank.tokenizer)
    stacked = np.stack([sequence_log_probs(bank.use(name), pairs, end, size) for name in arm])
    top = stacked.max(0)
    return np.asarray(top + np.log(np.exp(stacked - top).mean(0)))


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
    cut = 0.5 * float((rest_p + rest_q).sum() - (rest_p + rest_q)[:, end].sum())
    # Probabilities come from float32 logits: 1e-6 covers their rounding many times over.
    return max(total / len(prompts) - 1e-6, 0.0), (total + LN2 * cut) / len(prompts) + 1e-6


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
        left = 1.0 - np.cumsum(laws[:, order], axis=1)
        enough = np.flatnonzero(np.all(left <= REST, axis=0))
        kept = order[: int(enough[0]) + 1] if enough.size else order
        vocabulary = first[models[0]].shape[1]
        outputs = [
            "end" if k == laws.shape[1] - 1 else f"{tokens[k // vocabulary]} {k % vocabulary}" for k in kept.tolist()
        ]
        for arm, members in enumerate(arms):
            for n in members:
                law = laws[models.index(n), kept]
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
