"""RMU: steer hidden states on the forget set to a random direction, hold them elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.data.encoding import Encoded
from experiments.methods.base import Batch, Loss, ReferenceMethod, parts_of
from mari_theory.errors import require


@dataclass(frozen=True)
class RMU(ReferenceMethod):
    """`L = E||h(forget) - c u||^2 / d + alpha E||h(preserve) - h_ref(preserve)||^2 / d` at one layer (Li et al. 2024, WMDP).

    u is a fixed random unit vector, d the width, h the hidden state after block `layer` at every prompt and answer token. Deviation: all
    trainable weights move, where the original moves three matrices.
    """

    coefficient: float = 6.5
    """c, above 0: length of the state that forget tokens are steered to."""
    alpha: float = 100.0
    """Weight of the drift elsewhere, at least 0."""
    layer: int | None = None
    """Number of the block, 1 to the model's depth (0: the embedding), one whose output training can change; None: the middle one, or the
    first such block."""
    seed: int = 0
    """Of the direction u."""

    def __post_init__(self) -> None:
        require(self.coefficient > 0, "coefficient", "a number above 0", self.coefficient)
        require(self.alpha >= 0, "alpha", "a number at least 0", self.alpha)

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """Steering plus alpha times drift."""
        require(reference is not None, "reference", "the original model", None)
        forget, preserve = (self.hidden(model, data) for data in (batch.forget, batch.preserve))
        with torch.no_grad():
            anchor = self.hidden(reference, batch.preserve)
        generator = torch.Generator().manual_seed(self.seed)
        direction = torch.rand(forget.shape[-1], generator=generator).to(forget)
        steer = ((forget - self.coefficient * direction / direction.norm()) ** 2).mean()
        drift = ((preserve - anchor) ** 2).mean()
        return steer + self.alpha * drift, parts_of(steer=steer, drift=drift)

    def hidden(self, model: Any, data: Encoded) -> Tensor:
        """Hidden states of the real tokens after the chosen block, shape (tokens, width)."""
        decoder = model.get_decoder()  # no logits: nothing here reads them
        out = decoder(
            input_ids=data.input_ids, attention_mask=data.attention_mask, use_cache=False, output_hidden_states=True
        )
        states: tuple[Tensor, ...] = out.hidden_states
        first = first_trained(decoder)
        layer = max(len(states) // 2, first) if self.layer is None else self.layer
        require(first <= layer < len(states), "layer", f"a trained block, {first} to {len(states) - 1}", layer)
        rows: Tensor = states[layer][data.attention_mask.bool()]
        return rows


def first_trained(decoder: Any) -> int:
    """Number of the first hidden state that training can change: 0 where the embedding is trained; 0 for a model frozen whole."""
    trained = [any(p.requires_grad for p in block.parameters()) for block in decoder.layers]
    embedding = any(p.requires_grad for p in decoder.get_input_embeddings().parameters())
    return 0 if embedding or not any(trained) else 1 + trained.index(True)
