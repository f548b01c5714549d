"""Models from folders: what is saved is what is loaded, whole or not at all, and its hash is its identity."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.models.load import load_model, load_tokenizer, require_model, require_room, save_model, weight_hash
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_folders_without_safetensors_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArgumentError, match="safetensors"):
        load_model(tmp_path)
    with pytest.raises(ArgumentError, match="model"):
        load_model(tmp_path / "nowhere")


def test_a_saved_model_comes_back_to_the_bit_and_replaces_the_one_before(tokenizer: Any, tmp_path: Path) -> None:
    for seed in (0, 1):
        model = tiny_model(len(tokenizer), 8, 1, 1, seed=seed)
        save_model(model, tokenizer, tmp_path / "m")
        loaded = load_model(tmp_path / "m")
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True))
        assert weight_hash(loaded) == weight_hash(model)
    assert load_tokenizer(tmp_path / "m").get_vocab() == tokenizer.get_vocab()
    assert [p.name for p in tmp_path.iterdir()] == ["m"]  # nothing half-written is left beside it
    with pytest.raises(ArgumentError, match="a folder with a tokenizer"):
        load_tokenizer(tmp_path)


def test_the_hash_sees_one_bit_and_the_place_of_a_weight() -> None:
    model = torch.nn.ParameterDict({"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0])})
    first = weight_hash(model)
    model["a"].data = torch.tensor([2.0, 1.0])
    swapped = weight_hash(model)
    model["a"].data = torch.tensor([1.0, torch.nextafter(torch.tensor(2.0), torch.tensor(3.0))])
    assert len({first, swapped, weight_hash(model)}) == 3
    assert first != weight_hash(torch.nn.ParameterDict({"a": torch.tensor([1.0, 2.0]), "c": torch.tensor([3.0])}))


def test_room_is_counted_on_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path / "not" / "yet", free // 2, "weights")
    with pytest.raises(ArgumentError, match="GiB free for weights"):
        require_room(tmp_path / "not" / "yet", 2 * free, "weights")


def test_what_is_neither_a_model_folder_nor_a_hub_id_is_refused_before_the_hub_is_asked(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, "a/b/c", "../gone", "two words"):
        with pytest.raises(ArgumentError, match=r"^model: expected a folder with config\.json and \.safetensors"):
            require_model(path)
    for hub in ("gpt2", "open-unlearning/tofu_Llama-3.2-1B-Instruct_full"):
        require_model(hub)
