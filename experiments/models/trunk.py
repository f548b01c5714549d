"""A frozen trunk is run once for each text: what its blocks say is kept, and only the trained blocks above it are run again."""

from __future__ import annotations

import copy
from collections import OrderedDict
from types import MethodType
from typing import Any

import torch
from torch import Tensor

from mari_theory.errors import require

MOST_BYTES = 1 << 30
"""Of kept states; the oldest go first."""


def keep_trunk(model: Any, trained_blocks: int) -> Any:
    """The same model, whose forward pass keeps what the blocks below the trained ones say of a text (a row of token ids).

    It also takes `logits_to_keep` of shape (rows, places): which positions of each row get logits.

    Rows go through the trunk one by one, so a state does not depend on the batch it first came in. What asks for more than logits (caches,
    hidden states) goes the old way, and so does a batch that is not padded on the right. States are forgotten when a trunk weight changes.
    Raises `ArgumentError` on a model whose blocks and last norm are not found, or whose logits are made in another way.
    """
    decoder = model.get_decoder()
    found = hasattr(decoder, "layers") and hasattr(decoder, "norm")
    require(found, "model", "a decoder with `layers` and `norm` (Llama and its kin)", type(decoder).__name__)
    require(0 < trained_blocks <= len(decoder.layers), "last_layers", f"1 to {len(decoder.layers)}", trained_blocks)
    model.trunk_states = _States(trained_blocks)
    model.plain_forward = model.forward
    model.forward = MethodType(_forward, model)
    ids = torch.arange(1, 5, device=decoder.embed_tokens.weight.device)[None]
    with torch.no_grad():
        kept, plain = (f(input_ids=ids, use_cache=False).logits for f in (model.forward, model.plain_forward))
    same = bool(torch.allclose(kept, plain, rtol=1e-4, atol=1e-4))
    require(same, "model", "logits that are the head's reading of the last norm", type(model).__name__)
    return model


class _States:
    """Trunk outputs by row, of one set of trunk weights."""

    def __init__(self, trained_blocks: int) -> None:
        self.trained_blocks = trained_blocks
        self.rows: OrderedDict[bytes, Tensor] = OrderedDict()
        self.bytes = 0
        self.stamp: tuple[tuple[int, int], ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> _States:
        return _States(self.trained_blocks)

    def of(self, model: Any, ids: Tensor, lengths: list[int]) -> Tensor:
        """States of a padded batch, (rows, width, hidden); zero where padded."""
        trunk = _part(model, slice(None, -self.trained_blocks), torch.nn.Identity())
        stamp = tuple((p.data_ptr(), p._version) for p in trunk.parameters())
        if stamp != self.stamp:
            self.rows.clear()
            self.bytes, self.stamp = 0, stamp
        out = None
        for i, length in enumerate(lengths):
            row = ids[i, :length]
            key = row.cpu().numpy().tobytes()
            states = self.rows.get(key)
            if states is None:
                with torch.no_grad():
                    states = trunk(input_ids=row[None], use_cache=False).last_hidden_state[0]
                self._keep(key, states)
            if out is None:
                out = states.new_zeros((*ids.shape, states.shape[-1]))
            out[i, :length] = states
        assert out is not None
        return out

    def _keep(self, key: bytes, states: Tensor) -> None:
        self.rows[key] = states
        self.bytes += states.numel() * states.element_size()
        while self.bytes > MOST_BYTES and len(self.rows) > 1:
            _, old = self.rows.popitem(last=False)
            self.bytes -= old.numel() * old.element_size()


def _part(model: Any, blocks: slice, norm: Any) -> Any:
    """The decoder with some of its blocks and another last norm; weights are shared."""
    part = copy.copy(model.get_decoder())
    part._modules = {**part._modules, "layers": torch.nn.ModuleList(part.layers[blocks]), "norm": norm}
    return part


def _forward(
    self: Any,
    input_ids: Tensor | None = None,
    attention_mask: Tensor | None = None,
    logits_to_keep: int | Tensor = 0,
    use_cache: bool | None = None,
    **rest: Any,
) -> Any:
    more = use_cache is not False or any(v is not None for v in rest.values())
    lengths = None if input_ids is None or more else _lengths(input_ids, attention_mask)
    places = logits_to_keep if isinstance(logits_to_keep, Tensor) and logits_to_keep.ndim == 2 else None
    if lengths is None and places is not None:  # as `transformers` knows it: the same places of every row
        out = self.plain_forward(input_ids=input_ids, attention_mask=attention_mask, use_cache=use_cache, **rest)
        out.logits = torch.gather(out.logits, 1, places[..., None].expand(-1, -1, out.logits.shape[-1]))
        return out
    if lengths is None:
        return self.plain_forward(
            input_ids=input_ids,
            attention_mask=attention_mask,
            logits_to_keep=logits_to_keep,
            use_cache=use_cache,
            **rest,
        )
    assert input_ids is not None
    states = self.trunk_states.of(self, input_ids, lengths)
    top = _part(self, slice(-self.trunk_states.trained_blocks, None), self.get_decoder().norm)
    hidden = top(inputs_embeds=states, attention_mask=attention_mask, use_cache=False).last_hidden_state
    if isinstance(logits_to_keep, Tensor):
        hidden = torch.gather(hidden, 1, logits_to_keep[..., None].expand(-1, -1, hidden.shape[-1]))
        logits_to_keep = 0
    kept = hidden[:, -logits_to_keep:] if logits_to_keep else hidden
    from transformers.modeling_outputs import CausalLMOutputWithPast

    return CausalLMOutputWithPast(logits=self.lm_head(kept))


def _lengths(ids: Tensor, mask: Tensor | None) -> list[int] | None:
    """Tokens of each row; None where padding is not on the right."""
    if mask is None:
        return [ids.shape[1]] * ids.shape[0]
    lengths = mask.sum(1)
    right = torch.arange(mask.shape[1], device=mask.device) < lengths[:, None]
    return lengths.tolist() if bool((right == mask.bool()).all()) else None
