"""What is computed on an accelerator comes back to the CPU before NumPy sees it, and data goes where the model is."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.config import load_config
from experiments.device import device_of, find_device
from experiments.encoding import encode, many_prompt_ids
from experiments.loop import full_pass
from experiments.memorisation import extraction_strength, general_utility
from experiments.metrics import item_scores, truth_ratio
from experiments.models import tiny_model
from experiments.scoring import decode, enumerate_divergence, sequence_log_probs
from mari_theory import ArgumentError


class Strict:
    """On a CPU, the two rules an accelerator imposes: `.cpu()` before `.numpy()`, `.to(device)` before the model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, model: torch.nn.Module) -> None:
        cpu, to, numpy = torch.Tensor.cpu, torch.Tensor.to, torch.Tensor.numpy

        def marked(value: torch.Tensor, name: str) -> torch.Tensor:
            out = value.detach() if name == "fetched" else value
            setattr(out, name, True)
            return out

        def strict_numpy(x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            assert getattr(x, "fetched", False), "a tensor went to NumPy without .cpu()"
            return numpy(x, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, "cpu", lambda x, *a, **k: marked(cpu(x, *a, **k), "fetched"))
        monkeypatch.setattr(torch.Tensor, "to", lambda x, *a, **k: marked(to(x, *a, **k), "placed"))
        monkeypatch.setattr(torch.Tensor, "numpy", strict_numpy)

        def before(_: Any, __: Any, given: dict[str, Any]) -> None:
            first = given.get("past_key_values") is None
            assert not first or getattr(given["input_ids"], "placed", False), "data were not sent to the model's device"

        model.register_forward_pre_hook(before, with_kwargs=True)


@pytest.mark.parametrize(
    "read",
    [
        lambda m, t, c: item_scores(m, t, c.forget),
        lambda m, t, c: truth_ratio(m, t, c.forget),
        lambda m, t, c: extraction_strength(m, t, c.forget),
        lambda m, t, c: general_utility(m, t, ["oslo lima kyoto"]),
        lambda m, t, c: full_pass(m, encode(t, c.forget)),
        lambda m, t, c: decode(m, t, many_prompt_ids(t, [i.prompt for i in c.forget]), 2, 0),
        lambda m, t, c: sequence_log_probs(m, [([3], [4, 5])], 1, 4),
        lambda m, t, c: enumerate_divergence(Bank(m, t), ["a"], ["b"], [[3, 4]], 1e-2),
    ],
    ids=["scores", "truth ratio", "extraction", "general text", "full pass", "decode", "likelihood", "enumeration"],
)
def test_readings_follow_the_model(read: Any, corpus, tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval()
    Strict(monkeypatch, model)
    read(model, tokenizer, corpus)


class Bank:
    def __init__(self, model: torch.nn.Module, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def use(self, name: str) -> torch.nn.Module:
        return self.model


def test_devices_are_found_or_named() -> None:
    assert find_device("cpu") == device_of(torch.nn.Linear(1, 1))
    torch.empty(0, dtype=torch.float64, device=find_device())
    with pytest.raises(ArgumentError, match="device: expected auto, cpu or an accelerator"):
        find_device("abacus")
    with pytest.raises(ArgumentError, match="device"):
        find_device("meta:-1")
    assert load_config("smollm2").model.device == "auto"


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="needs an accelerator")
def test_an_accelerator_reads_the_same_numbers(corpus, tokenizer) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval()
    here = item_scores(model, tokenizer, corpus.forget).loss
    there = item_scores(model.to(find_device()), tokenizer, corpus.forget).loss
    assert there == pytest.approx(here, rel=1e-5)
