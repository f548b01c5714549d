"""On an accelerator: data go where the model is, come back before NumPy sees them, and give the CPU's numbers.

A pretend accelerator stands in where there is none (`second_device.py`): it computes the CPU's values and refuses what a GPU refuses.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from experiments.audit.run import run_audit
from experiments.config import LoopSettings, RunConfig, load_config, select_methods
from experiments.data.encoding import encode, many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores, truth_ratio
from experiments.measures.memorisation import extraction_strength, general_utility
from experiments.measures.sampling import sequence_log_probs
from experiments.methods import METHODS, SHORTHANDS, make_method
from experiments.models.adapters import with_adapter
from experiments.models.decode import decode
from experiments.models.device import DTYPES, EXACT, Computing, device_of, find_device, plain, to_train
from experiments.models.passes import full_pass
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.request import Start, unlearn
from mari_theory import ArgumentError
from tests.experiments.audit.small import small
from tests.experiments.second_device import second_device

SHORT = LoopSettings(steps=2, lr=1e-2, batch_retain=4, batch_forget=3, batch_background=2, evaluate_every=2)
SETTINGS = [
    *((name, {}) for name in [*METHODS, *SHORTHANDS]),
    ("mari-matched", {"per": "kind", "source": "holdout"}),
    ("mari-matched", {"source": "base", "match_loss": 1.0, "match_mean": 1.0, "share": 0.5}),
    ("mari", {"bank": 2, "keep": "kl"}),
    ("mari", {"debiased": True, "weight": "batch", "detach_retain": True}),
    ("flat", {"mode": "official", "divergence": "total-variation"}),
]


@pytest.fixture(autouse=True)
def one_attention_kernel() -> Iterator[None]:
    """Torch chooses it by the device's name; with one of them, numbers agree to the last digit."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


@cache
def untrained(vocabulary: int) -> torch.nn.Module:
    return tiny_model(vocabulary, 16, 1, 2, seed=0)


class Bank:
    def __init__(self, model: torch.nn.Module, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def use(self, name: str) -> torch.nn.Module:
        return self.model


READINGS: dict[str, Callable[[Any, Any, Corpus], Any]] = {
    "scores": lambda m, t, c: dataclasses.astuple(item_scores(m, t, c.forget)),
    "truth ratio": lambda m, t, c: truth_ratio(m, t, c.forget),
    "extraction": lambda m, t, c: extraction_strength(m, t, c.forget),
    "general text": lambda m, t, c: dataclasses.astuple(general_utility(m, t, ["oslo lima kyoto"])),
    "full pass": lambda m, t, c: full_pass(m, encode(t, c.forget)),
    "decode": lambda m, t, c: decode(m, t, many_prompt_ids(t, [i.prompt for i in c.forget]), 2, 0),
    "likelihood": lambda m, t, c: sequence_log_probs(m, [([3], [4, 5])], 1, 4),
    "enumeration": lambda m, t, c: enumerate_divergence(Bank(m, t), ["a"], ["b"], [[3, 4]], 1e-2),
}


@pytest.mark.parametrize("name", READINGS)
def test_readings(name: str, corpus: Corpus, tokenizer: Any) -> None:
    read, model = READINGS[name], tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval()
    here = read(model, tokenizer, corpus)
    with second_device() as device:
        there = read(model.to(device), tokenizer, corpus)
    np.testing.assert_equal(there, here)


@pytest.mark.usefixtures("few_features")
@pytest.mark.parametrize(
    ("name", "settings", "adapter"),
    # What an adapter changes does not depend on the method: one of each kind of objective has one.
    [(*s, False) for s in SETTINGS] + [(*s, True) for s in SETTINGS if s[0] in ("mari", "npo", "dareu")],
    ids=str,
)
def test_training(
    name: str, settings: dict[str, Any], adapter: bool, corpus: Corpus, tokenizer: Any, tmp_path: Path
) -> None:
    """Two steps end at the CPU's weights and log, through a checkpoint after the first."""

    def trained(device: torch.device, folder: Path) -> tuple[dict[str, torch.Tensor], Any]:
        for steps in (1, 2):  # the second resumes from the first's checkpoint
            model, reference = (copy.deepcopy(untrained(len(tokenizer))) for _ in range(2))
            model = to_train(with_adapter(model, 2, 0) if adapter else model, False, device)
            reference.to(device).eval().requires_grad_(False)
            s = dataclasses.replace(SHORT, steps=steps, schedule="half-cosine", checkpoint_every=1)
            method = make_method(name, **settings)
            task = Task(model, tokenizer, corpus, list(corpus.retain), method, reference)
            result = run_loop(task, s, Watch(folder, adapter))
        assert device_of(plain(model)) == device
        return {k: v.detach().cpu() for k, v in plain(model).state_dict().items()}, result

    here, logged = trained(torch.device("cpu"), tmp_path / "here")
    with second_device() as device:
        there, remotely = trained(device, tmp_path / "there")
    assert remotely.steps == logged.steps == 2
    for far, near in zip(remotely.history, logged.history, strict=True):
        assert far == pytest.approx(near, rel=1e-5, abs=1e-9)
    torch.testing.assert_close(there, here)


@pytest.mark.usefixtures("drawn")
def test_a_request_and_an_audit(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    """The two commands, whole: what they write is what they write on the CPU."""
    data = small(enumerate_exactly=False, draws=40, shift_draws=20, robustness=True).model_dump()
    data["model"] = {"kind": "adapter", "path": str(models / "a"), "rank": 2, "last_layers": 1}
    data["train"]["steps"], data["unlearn"]["steps"] = 2, 1

    def made(device: str, out: Path) -> list[Any]:
        request = unlearn(Start(models / "a", rank=2, device=device), corpus, "npo", out / "request", SHORT)
        config = RunConfig(**{**data, "model": {**data["model"], "device": device}})
        rows = run_audit(select_methods(config, ["retain-only (control)"]), out / "run").rows
        return [request["weights_sha256"], [r.oracle.claim for r in rows], [r.best_attack for r in rows]]

    here = made("cpu", tmp_path / "here")
    with second_device() as device:
        assert made(str(device), tmp_path / "there") == here


@pytest.mark.parametrize(
    ("mistake", "match"),
    [
        (lambda there, here: there + here, "two devices"),
        (lambda there, here: torch.gather(there, 0, here.long()), "two devices"),
        (lambda there, here: here[there.long()], "index on the device"),
        (lambda there, here: there.numpy(), "not supported"),
    ],
    ids=["add", "gather", "index", "numpy"],
)
def test_the_stand_in_refuses_what_a_gpu_refuses(mistake: Any, match: str) -> None:
    with second_device() as device:
        there = torch.ones(3).to(device)
        assert (there + torch.tensor(1.0)).cpu().tolist() == [2.0] * 3 and float(there.sum()) == 3.0
        with pytest.raises((AssertionError, RuntimeError, TypeError), match=match):
            mistake(there, torch.ones(3))


def test_devices_are_found_or_named() -> None:
    assert find_device("cpu") == device_of(torch.nn.Linear(1, 1))
    torch.empty(0, dtype=torch.float64, device=find_device())
    with pytest.raises(ArgumentError, match="device: expected auto, cpu or an accelerator"):
        find_device("abacus")
    with pytest.raises(ArgumentError, match="device"):
        find_device("meta:-1")
    assert load_config("smollm2").model.device == "auto"


@pytest.mark.gpu
def test_an_accelerator_reads_the_same_numbers(corpus: Corpus, tokenizer: Any) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).eval()
    here = item_scores(model, tokenizer, corpus.forget).loss
    there = item_scores(model.to(find_device()), tokenizer, corpus.forget).loss
    assert there == pytest.approx(here, rel=1e-5)


def test_a_precision_is_known_and_said_where_it_is_not_as_always() -> None:
    assert Computing().said() == {} and Computing(dtype="bfloat16").said() == {"dtype": "bfloat16"}
    assert set(EXACT) <= set(DTYPES) and all(DTYPES[x].is_floating_point for x in DTYPES)
    with pytest.raises(ArgumentError, match=r"^--dtype: expected float32, float64, bfloat16, float16, got int8"):
        Computing(dtype="int8")
