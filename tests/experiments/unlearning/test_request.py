"""One deletion request: a killed run continues, a broken loss keeps the last good model, bad requests leave nothing behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import experiments
from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.methods import make_method
from experiments.methods.base import Batch, Loss, Method
from experiments.models.load import load_model, load_tokenizer, save_model
from experiments.models.tiny import tiny_model
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.request import Start, UnlearningStopped, unlearn
from mari_theory import ArgumentError

SMALL = LoopSettings(steps=4, lr=1e-2, batch_retain=4, batch_forget=4, batch_background=0, evaluate_every=2)


def test_resume_reaches_the_same_model(
    models: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LoopSettings(**{**vars(SMALL), "checkpoint_every": 2})
    whole = unlearn(Start(models / "a", rank=None), corpus, "grad-diff", tmp_path / "whole", settings)
    import experiments.unlearning.request as module

    class Killed(Exception):
        pass

    def kill_at_three(task: Task, settings: LoopSettings, watch: Watch) -> LoopResult:
        def after(step: int) -> None:
            if step == 3:
                raise Killed

        return run_loop(task, settings, replace(watch, after_step=after))

    monkeypatch.setattr(module, "run_loop", kill_at_three)
    with pytest.raises(Killed):
        unlearn(Start(models / "a", rank=None), corpus, "grad-diff", tmp_path / "cut", settings)
    monkeypatch.undo()
    with pytest.raises(ArgumentError, match="same request"):
        unlearn(Start(models / "a", rank=None), corpus, "npo", tmp_path / "cut", settings, resume=True)
    other = Corpus("other", corpus.forget[::-1], corpus.retain, corpus.holdout)
    for changed, base in ((other, None), (corpus, models / "b")):  # as many items, but not the same request
        with pytest.raises(ArgumentError, match="same request"):
            unlearn(Start(models / "a", base, rank=None), changed, "grad-diff", tmp_path / "cut", settings, resume=True)
    again = unlearn(Start(models / "a", rank=None), corpus, "grad-diff", tmp_path / "cut", settings, resume=True)
    assert again["weights_sha256"] == whole["weights_sha256"]


def test_loss_that_is_no_number_keeps_the_last_good_model(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    class Bad(Method):
        def __init__(self) -> None:
            self.calls = 0

        def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
            self.calls += 1
            value = model(input_ids=batch.preserve.input_ids).logits.square().mean()
            return (value * float("nan") if self.calls == 3 else value), {}

    with pytest.raises(UnlearningStopped, match="non-finite loss at step 2"):
        unlearn(Start(models / "a", rank=None), corpus, Bad(), tmp_path / "u", SMALL)
    assert all(bool(p.isfinite().all()) for p in load_model(tmp_path / "u" / "model").parameters())
    assert json.loads((tmp_path / "u" / "record.json").read_text())["steps"] == 2

    class BadGradient(Bad):
        def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
            value = model(input_ids=batch.preserve.input_ids).logits.sum()
            return (value - value.detach()).abs().sqrt(), {}  # 0 with an infinite slope

    with pytest.raises(UnlearningStopped, match="non-finite gradient at step 0"):
        unlearn(Start(models / "a", rank=None), corpus, BadGradient(), tmp_path / "g", SMALL)


def test_bad_requests(models: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArgumentError, match="forget: expected at least one item"):
        unlearn(models / "a", Corpus("x", (), corpus.retain, ()), "npo", tmp_path / "1", SMALL)
    with pytest.raises(ArgumentError, match="retain: expected at least one item"):
        unlearn(models / "a", Corpus("x", corpus.forget, (), ()), "npo", tmp_path / "2", SMALL)
    with pytest.raises(ArgumentError, match="never-seen holdout"):
        settings = LoopSettings(steps=1, stop_at_holdout=True)
        unlearn(models / "a", Corpus("x", corpus.forget, corpus.retain, ()), "npo", tmp_path / "3", settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ArgumentError, match="GiB free"):
        unlearn(models / "a", corpus, "npo", tmp_path / "5", SMALL)
    assert not any((tmp_path / str(k)).exists() for k in range(1, 6))


def test_lazy_name() -> None:
    assert experiments.unlearn is unlearn
    with pytest.raises(AttributeError):
        _ = experiments.nothing


def test_old_keywords_still_work_and_say_what_to_write(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    settings = replace(SMALL, steps=1)
    with pytest.warns(FutureWarning, match="rank: pass unlearn"):
        record = unlearn(models / "a", corpus, "npo", tmp_path / "old", settings, rank=2)
    assert record["request"]["rank"] == 2
    assert (
        record["weights_sha256"]
        == unlearn(Start(models / "a", rank=2), corpus, "npo", tmp_path / "new", settings)["weights_sha256"]
    )
    with pytest.raises(ArgumentError, match="keyword: expected model, base, rank"):
        unlearn(models / "a", corpus, "npo", tmp_path / "none", settings, ranks=2)


def test_what_is_refused_leaves_nothing_behind(models: Path, corpus: Corpus, tokenizer: Any, tmp_path: Path) -> None:
    other = tiny_model(len(tokenizer), 16, 1, 2, 3)
    swapped = load_tokenizer(models / "a")
    swapped.add_tokens(["another"])
    save_model(other, swapped, tmp_path / "base")
    unknown = replace(corpus, forget=(Item("Where was Ada born?", "Hanoi", "Ada"),))
    for start, data, method, resume, words in (
        (Start(models / "a", device="moon"), corpus, "npo", False, "^device"),
        (
            Start(models / "a", tmp_path / "base"),
            corpus,
            "task-vector",
            False,
            "^tokenizer: expected the number of tokens",
        ),
        (Start(models / "a"), unknown, "npo", False, "tokens unknown: Where"),
        (Start(models / "a"), corpus, "npo", True, r"^--resume: expected a folder with request\.json to continue"),
    ):
        chosen = make_method(method, start="base") if method == "task-vector" else method
        with pytest.raises(ArgumentError, match=words):
            unlearn(start, data, chosen, tmp_path / "out", SMALL, resume)
        assert not (tmp_path / "out").exists()
