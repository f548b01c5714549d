"""Oracles: model folders that never saw the data to forget, each of its own seed; a killed run ends as an unbroken one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import experiments.unlearning.request as request
from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.measures.items import item_losses
from experiments.models.load import load_model, load_tokenizer, weight_hash
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.request import Start
from experiments.unlearning.retrain import retrain
from mari_theory import ArgumentError

SHORT = LoopSettings(steps=4, lr=1e-2, batch_retain=6, batch_forget=1, batch_background=0, checkpoint_every=2)


@pytest.mark.parametrize(("base", "rank"), [("a", None), ("a", 2), ("tiny", 16)], ids=["whole", "LoRA", "the toy"])
def test_oracles_are_whole_models_that_know_what_stays_better(
    models: Path, corpus: Corpus, tmp_path: Path, base: str, rank: int | None
) -> None:
    start = Start(base if base == "tiny" else models / base, rank=rank)
    settings = replace(SHORT, steps=30)
    records = retrain(start, corpus.retain, tmp_path / "o", 2, settings)
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == ["oracle-0", "oracle-0.json", "oracle-1", "oracle-1.json", "request.json"]  # fmt: skip
    assert records[0]["weights_sha256"] != records[1]["weights_sha256"] and [r["seed"] for r in records] == [0, 1]
    for record in records:
        model, tokenizer = load_model(record["model"]), load_tokenizer(record["model"])
        assert weight_hash(model) == record["weights_sha256"] == json.loads(Path(f"{record['model']}.json").read_text())["weights_sha256"]  # fmt: skip
        before = load_model(models / "a")
        assert (
            item_losses(model, tokenizer, corpus.retain).mean()
            < item_losses(before, tokenizer, corpus.retain).mean() - 0.1
        )


def test_a_killed_run_ends_as_an_unbroken_one(
    models: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(models / "a", rank=None)
    whole = retrain(start, corpus.retain, tmp_path / "whole", 2, SHORT)

    class Killed(Exception):
        pass

    def kill(task: Task, settings: LoopSettings, watch: Watch) -> LoopResult:
        def after(step: int) -> None:
            if step == 3 and settings.seed == 1:
                raise Killed

        return run_loop(task, settings, replace(watch, after_step=after))

    monkeypatch.setattr(request, "run_loop", kill)
    with pytest.raises(Killed):
        retrain(start, corpus.retain, tmp_path / "cut", 2, SHORT)
    trained: list[int] = []

    def noted(task: Task, settings: LoopSettings, watch: Watch) -> LoopResult:
        trained.append(settings.seed)
        return run_loop(task, settings, watch)

    monkeypatch.setattr(request, "run_loop", noted)
    with pytest.raises(ArgumentError, match="--resume to continue"):
        retrain(start, corpus.retain, tmp_path / "cut", 2, SHORT)
    with pytest.raises(ArgumentError, match="same request"):
        retrain(start, corpus.retain[:-1], tmp_path / "cut", 2, SHORT, resume=True)
    again = retrain(start, corpus.retain, tmp_path / "cut", 2, SHORT, resume=True)
    assert trained == [1] and [r["weights_sha256"] for r in again] == [r["weights_sha256"] for r in whole]


def test_what_is_refused_leaves_nothing_behind(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    unknown = [Item("Where was Ada born?", "Hanoi", "Ada")]
    for start, items, count, resume, words in (
        (Start(models / "a", device="moon"), corpus.retain, 2, False, "^device"),
        (Start(tmp_path / "none"), corpus.retain, 2, False, "^model: expected a folder"),
        (Start(models / "a"), unknown, 2, False, "tokens unknown"),
        (Start(models / "a"), corpus.retain, 0, False, "^count"),
        (Start(models / "a"), corpus.retain, 2, True, "^--resume"),
    ):
        with pytest.raises(ArgumentError, match=words):
            retrain(start, items, tmp_path / "out", count, SHORT, resume)
        assert not (tmp_path / "out").exists()
