"""What of a model is trained: an adapter, some blocks, or everything."""

from __future__ import annotations

from typing import Any

import torch

from mari_theory.errors import require


def with_adapter(model: Any, rank: int, seed: int, last_layers: int | None = None) -> Any:
    """LoRA on every linear layer of the last `last_layers` blocks (default all), no dropout; the base stays frozen.

    Rank 0: no adapter, all parameters (of those blocks) are trained.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    if rank == 0:
        if last_layers is not None:
            model.requires_grad_(False)
            for block in model.get_decoder().layers[-last_layers:]:
                block.requires_grad_(True)
        return model
    depth = int(model.config.num_hidden_layers)
    blocks = None if last_layers is None else list(range(max(0, depth - last_layers), depth))
    return get_peft_model(
        model,
        LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            lora_dropout=0.0,
            target_modules="all-linear"
            if blocks is None
            else ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            layers_to_transform=blocks,
            task_type="CAUSAL_LM",
        ),
    )


def trainable_state(model: Any) -> dict[str, torch.Tensor]:
    """Copies of the trainable weights by name: all of them, or the adapter."""
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def load_trainable(model: Any, state: dict[str, torch.Tensor]) -> None:
    """Put trainable weights back, by name; dtype and device of the model are kept."""
    own = {n: p for n, p in model.named_parameters() if p.requires_grad}
    require(
        set(own) == set(state), "state", "the model's trainable weights", f"{len(set(own) ^ set(state))} names differ"
    )
    with torch.no_grad():
        for n, p in own.items():
            p.copy_(state[n])
