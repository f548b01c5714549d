"""Only what is asked for is trained, and what is trained comes back by name."""

from __future__ import annotations

import pytest
import torch

from experiments.models.adapters import load_trainable, trainable_state, with_adapter
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def trained_blocks(model: torch.nn.Module) -> set[str]:
    """The block of every trainable weight; `outside` for embeddings, the last norm and the head."""
    names = [n.split(".layers.") for n, p in model.named_parameters() if p.requires_grad]
    return {parts[1].split(".")[0] if len(parts) > 1 else "outside" for parts in names}


@pytest.mark.parametrize("rank", [0, 2])
@pytest.mark.parametrize(("last", "blocks"), [(1, {"2"}), (2, {"1", "2"}), (3, {"0", "1", "2"})])
def test_only_the_last_blocks_train(rank: int, last: int, blocks: set[str]) -> None:
    model = with_adapter(tiny_model(20, 8, 3, 1), rank, 0, last)
    assert trained_blocks(model) == blocks
    assert all(("lora_" in name) == (rank > 0) for name in trainable_state(model))


def test_without_a_limit_every_block_trains_and_without_a_rank_everything() -> None:
    adapted = with_adapter(tiny_model(20, 8, 3, 1), 2, 0)
    assert trained_blocks(adapted) == {"0", "1", "2"}
    # Two factors for each of seven linear maps a block: width 8 or 16 on either side, rank 2.
    assert sum(v.numel() for v in trainable_state(adapted).values()) == 3 * (4 * 2 * (8 + 8) + 3 * 2 * (8 + 16))
    whole = with_adapter(tiny_model(20, 8, 3, 1), 0, 0)
    assert trained_blocks(whole) == {"0", "1", "2", "outside"} and all(p.requires_grad for p in whole.parameters())


def test_a_new_adapter_changes_nothing_until_it_is_trained() -> None:
    ids = torch.arange(8)[None]
    plain, adapted = tiny_model(20, 8, 2, 1, seed=5).eval(), with_adapter(tiny_model(20, 8, 2, 1, seed=5), 2, 0).eval()
    assert torch.equal(plain(input_ids=ids).logits, adapted(input_ids=ids).logits)


@pytest.mark.parametrize("rank", [0, 2])
def test_weights_come_back_by_name_and_are_copies(rank: int) -> None:
    model, other = (with_adapter(tiny_model(20, 8, 2, 1, seed=s), rank, s, 1) for s in (0, 1))
    kept = trainable_state(model)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)
    assert all(not torch.equal(v, kept[n]) for n, v in trainable_state(model).items())
    load_trainable(other, kept)
    assert all(torch.equal(v, kept[n]) for n, v in trainable_state(other).items())
    with pytest.raises(ArgumentError, match="1 names differ"):
        load_trainable(other, dict(list(kept.items())[1:]))
