"""A kept trunk changes how often the lower blocks run, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from experiments.data.encoding import answer_log_probs, encode
from experiments.data.items import Corpus
from experiments.models.adapters import with_adapter
from experiments.models.tiny import tiny_model
from experiments.models.trunk import keep_trunk
from mari_theory import ArgumentError


@pytest.fixture
def pair(tokenizer: Any) -> tuple[Any, Any]:
    """A model of three blocks of which the last is trained, with and without a kept trunk."""
    plain, kept = (with_adapter(tiny_model(len(tokenizer), 16, 3, 2, seed=4), 0, 0, 1) for _ in range(2))
    return plain, keep_trunk(kept, 1)


def runs(model: Any) -> list[int]:
    """Calls of the lowest block from now on."""
    calls: list[int] = []
    model.get_decoder().layers[0].register_forward_hook(lambda *a: calls.append(1))
    return calls


def test_log_probabilities_are_the_whole_models(pair: tuple[Any, Any], corpus: Corpus, tokenizer: Any) -> None:
    plain, kept = pair
    batch = encode(tokenizer, corpus.forget)
    with torch.no_grad():
        torch.testing.assert_close(answer_log_probs(kept, batch), answer_log_probs(plain, batch), rtol=0, atol=1e-5)
        calls = runs(kept)
        again = answer_log_probs(kept, batch.part(3, 5))
        assert not calls
    torch.testing.assert_close(again, answer_log_probs(plain, batch.part(3, 5)).detach(), rtol=0, atol=1e-5)


def test_a_step_of_training_ends_at_the_same_weights(pair: tuple[Any, Any], corpus: Corpus, tokenizer: Any) -> None:
    batch = encode(tokenizer, corpus.retain)
    for model in pair:
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.5)
        for _ in range(3):
            optimizer.zero_grad()
            (-(answer_log_probs(model, batch) * batch.answer_mask[..., None]).mean()).backward()
            optimizer.step()
    plain, kept = (dict(m.named_parameters()) for m in pair)
    assert plain.keys() == kept.keys()
    for name, value in plain.items():
        torch.testing.assert_close(kept[name], value, rtol=0, atol=1e-5)


def test_a_changed_trunk_is_run_again(pair: tuple[Any, Any], corpus: Corpus, tokenizer: Any) -> None:
    plain, kept = pair
    batch = encode(tokenizer, corpus.forget)
    with torch.no_grad():
        answer_log_probs(kept, batch)
        rounded = copy.deepcopy(kept)
        for model in (plain, rounded):
            model.get_decoder().layers[0].mlp.up_proj.weight.mul_(1.5)
        torch.testing.assert_close(answer_log_probs(rounded, batch), answer_log_probs(plain, batch), rtol=0, atol=1e-5)
        assert not torch.allclose(answer_log_probs(kept, batch), answer_log_probs(plain, batch), atol=1e-3)


@pytest.mark.parametrize("left", [False, True], ids=["padded on the right", "padded on the left"])
def test_each_row_may_ask_for_its_own_positions(pair: tuple[Any, Any], left: bool) -> None:
    plain, kept = pair
    ids, mask = torch.arange(10).reshape(2, 5), torch.ones(2, 5, dtype=torch.long)
    mask[1, 0 if left else 4] = 0
    places = torch.tensor([[1, 3], [2, 3]])
    with torch.no_grad():
        own = kept(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=places).logits
        whole = plain(input_ids=ids, attention_mask=mask, use_cache=False).logits
    wanted = torch.stack([whole[k, places[k]] for k in range(2)])
    torch.testing.assert_close(own, wanted, rtol=0, atol=1e-5)


def test_what_asks_for_more_than_logits_goes_the_old_way(pair: tuple[Any, Any]) -> None:
    ids = torch.tensor([[3, 4, 5], [6, 7, 8]])
    left = torch.tensor([[0, 1, 1], [1, 1, 1]])
    with torch.no_grad():
        for asked in ({"attention_mask": left}, {"use_cache": True}, {"output_hidden_states": True}):
            a, b = (m(input_ids=ids, **asked) for m in pair)
            assert torch.equal(a.logits, b.logits)
            assert (a.hidden_states is None) == (b.hidden_states is None)
            assert (a.past_key_values is None) == (b.past_key_values is None)


def test_other_models_are_refused(tokenizer: Any) -> None:
    with pytest.raises(ArgumentError, match="last_layers: expected 1 to 2, got 3"):
        keep_trunk(tiny_model(len(tokenizer), 16, 2, 2, seed=4), 3)
    model = tiny_model(len(tokenizer), 16, 2, 2, seed=4)
    forward = model.forward

    def scaled(**asked: Any) -> Any:
        out = forward(**asked)
        out.logits = out.logits / 8
        return out

    model.forward = scaled
    with pytest.raises(ArgumentError, match="the head's reading"):
        keep_trunk(model, 1)
