"""Sampled and greedy continuations, prompts of any length in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from experiments.data.encoding import batch_size
from experiments.models.device import device_of


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
                    tokens = logits.argmax(-1)
                else:
                    tokens = torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=generator)[:, 0]
                for i, on, token in zip(rows, alive.tolist(), tokens.tolist(), strict=True):
                    if on:
                        out[i].append(token)
                alive = alive & (tokens != end)
                if not bool(alive.any()):
                    break
                step_ids = tokens[:, None]
                mask = torch.cat([mask, torch.ones((len(rows), 1), dtype=torch.long, device=device)], 1)
    return out
