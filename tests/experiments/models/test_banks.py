"""Models by name: one vocabulary, adapters that swap in place, a base where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.config import RunConfig
from experiments.models import banks
from experiments.models.banks import FolderBank, ReadyBank, open_bank
from experiments.models.load import load_model, load_tokenizer, save_model, weight_hash
from experiments.models.tiny import tiny_model
from mari_theory import ArgumentError


def test_vocabularies_must_match(models: Path, tokenizer: Any, tmp_path: Path) -> None:
    save_model(tiny_model(300, 8, 1, 1), tokenizer, tmp_path / "wide")
    with pytest.raises(ArgumentError, match="vocabulary"):
        FolderBank([str(models / "a"), str(tmp_path / "wide")])


def test_adapters_on_one_base_swap_in_place(models: Path, tmp_path: Path) -> None:
    model = {"kind": "adapter", "path": str(models / "a"), "rank": 2, "last_layers": 1, "device": "cpu"}
    (tmp_path / "models").mkdir()
    bank = open_bank(RunConfig(model=model), tmp_path)
    assert bank is open_bank(RunConfig(model=model), tmp_path) and not bank.has("one")
    ids = torch.arange(5)[None]
    whole = load_model(models / "a").eval()(input_ids=ids).logits
    assert torch.equal(bank.use("base")(input_ids=ids).logits, whole)
    digests, read = {}, {}
    first = weight_hash(bank.fresh(1))
    assert weight_hash(bank.fresh(2)) == first  # seeds move the data, not where an adapter starts
    for name, seed in (("one", 1), ("two", 2)):
        made = bank.fresh(seed)
        with torch.no_grad():
            for key, p in made.named_parameters():
                if "lora_B" in key:
                    p.add_(0.1 * seed)
        digests[name] = bank.save(name, made)
        made = bank.start_from(name).eval()
        read[name] = made(input_ids=ids).logits.detach().clone()
    assert bank.has("one") and digests["one"] != digests["two"]
    for name in ("two", "one"):
        assert torch.allclose(bank.use(name)(input_ids=ids).logits, read[name], atol=1e-6)
        assert not torch.allclose(read[name], whole, atol=1e-3)
    assert torch.equal(bank.use("base")(input_ids=ids).logits, whole)
    assert not any(p.requires_grad for p in bank.use("one").parameters())


def test_a_model_from_scratch_has_no_base(tmp_path: Path) -> None:
    config = RunConfig(corpus={"forget": 1, "retain": 1, "holdout": 1}, model={"width": 8, "layers": 1, "heads": 1})
    bank = open_bank(config, tmp_path)
    with pytest.raises(ArgumentError, match="no base"):
        bank.use("base")
    made = bank.fresh(3)
    assert not bank.has("m") and bank.save("m", made) == weight_hash(bank.use("m")) and bank.has("m")
    assert weight_hash(bank.fresh(3)) == weight_hash(made) != weight_hash(bank.fresh(4))


def test_ready_models_are_read_where_they_are_however_many_fit(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = {"kind": "adapter", "path": "nowhere", "rank": 2, "device": "cpu"}
    oracles, places = [str(models / "b"), str(models / "b")], {"m": str(models / "b")}
    config = RunConfig(model=model, original=str(models / "a"), oracles=oracles, models=places)
    bank = open_bank(config, tmp_path)
    assert isinstance(bank, ReadyBank) and all(bank.has(name) for name in ("original", "oracle-1", "m"))
    assert bank.tokenizer.get_vocab() == load_tokenizer(models / "a").get_vocab()  # and no base, which is nowhere
    wanted = {"original": weight_hash(load_model(models / "a")), "m": weight_hash(load_model(models / "b"))}
    first = bank.use("original")
    assert bank.use("m") is not first is bank.use("original")  # both fit
    monkeypatch.setattr(banks, "MOST_HELD", 1.0)
    for name in ("oracle-0", "m", "original", "m"):
        assert weight_hash(bank.use(name)) == wanted["original" if name == "original" else "m"]
    assert list(bank._held) == ["m"]  # one is in memory whatever its size
    bank.forget()
    assert bank.use("original") is not first
