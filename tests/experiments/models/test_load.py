"""Models from folders: what is saved is what is loaded, whole or not at all, and its hash is its identity."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from experiments.models.adapters import with_adapter
from experiments.models.load import (
    adapter_base,
    load_model,
    load_tokenizer,
    require_model,
    require_room,
    save_model,
    weight_hash,
)
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


def spoil(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    """The folder's weights after a change of the mapping."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("model.layers.0.mlp.up_proj.weight"), r"missing keys in .*: model\.layers\.0\.mlp\.up_proj"),
        (lambda w: w.pop("lm_head.weight"), r"missing keys in .*: lm_head\.weight"),
        (lambda w: w.update({"lm_head.weight": torch.zeros(3, 8)}), r"mismatched keys in .*: lm_head\.weight"),
        (lambda w: w["lm_head.weight"].fill_(float("nan")), r"finite weights, got NaN or infinity in lm_head\.weight"),
    ],
    ids=["a missing matrix", "a missing head", "another shape", "NaN"],
)
def test_weights_that_are_missing_or_no_numbers_are_refused_and_never_made_up(
    tokenizer: Any, tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], object], words: str
) -> None:
    save_model(tiny_model(len(tokenizer), 8, 1, 1), tokenizer, tmp_path / "m")
    load_model(tmp_path / "m")
    with pytest.raises(ArgumentError, match=words) as error:
        load_model(spoil(tmp_path / "m", change))
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_refused_in_one_line(tokenizer: Any, tmp_path: Path) -> None:
    save_model(tiny_model(len(tokenizer), 8, 1, 1), tokenizer, tmp_path / "m")
    data = (tmp_path / "m" / "model.safetensors").read_bytes()
    (tmp_path / "m" / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ArgumentError, match=r"^model: expected a model folder"):
        load_model(tmp_path / "m")


@pytest.fixture
def adapter(tokenizer: Any, tmp_path: Path) -> tuple[Any, Path]:
    """A trained adapter as PEFT saves it, without its base, and the model that it makes."""
    pytest.importorskip("peft")
    save_model(tiny_model(len(tokenizer), 8, 1, 1), tokenizer, tmp_path / "base")
    model = with_adapter(load_model(tmp_path / "base"), 2, 0)
    torch.manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.normal_()
    model.save_pretrained(tmp_path / "adapter")
    return model.merge_and_unload(), tmp_path / "adapter"


def test_a_peft_folder_is_its_base_with_the_adapter_merged(adapter: tuple[Any, Path], tokenizer: Any) -> None:
    made, folder = adapter
    require_model(folder)
    loaded = load_model(folder)
    assert not (folder / "config.json").exists() and weight_hash(loaded) == weight_hash(made)
    assert weight_hash(loaded) != weight_hash(load_model(folder.parent / "base"))
    assert load_tokenizer(folder).get_vocab() == tokenizer.get_vocab()  # the base's


def test_a_peft_folder_whose_weights_are_not_all_there_is_refused(adapter: tuple[Any, Path]) -> None:
    _, folder = adapter
    weights = load_file(folder / "adapter_model.safetensors")
    save_file(dict(list(weights.items())[1:]), folder / "adapter_model.safetensors")
    with pytest.raises(ArgumentError, match="every parameter of the adapter"):
        load_model(folder)
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ArgumentError, match=r"adapter_model\.safetensors beside adapter_config\.json"):
        load_model(folder)
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ArgumentError, match="names its base"):
        adapter_base(folder)
