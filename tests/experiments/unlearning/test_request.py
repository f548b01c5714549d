"""`mari unlearn`: a saved model comes out, a killed run continues, and bad requests leave nothing behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import experiments
from experiments.cli.main import main
from experiments.config import LoopSettings, load_config
from experiments.data.encoding import require_fit
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.methods.base import Method
from experiments.models.load import load_model, load_tokenizer
from experiments.unlearning.request import UnlearningStopped, unlearn
from mari_theory import ArgumentError

SMALL = LoopSettings(steps=4, lr=1e-2, batch_retain=4, batch_forget=4, batch_background=0, evaluate_every=2)


@pytest.fixture
def files(corpus: Corpus, tmp_path: Path) -> list[str]:
    out = []
    for name, items in corpus.splits().items():
        write_prompts(tmp_path / f"{name}.jsonl", items)
        out += [f"--{name}", str(tmp_path / f"{name}.jsonl")]
    return out


@pytest.mark.parametrize("extra", [["--rank", "2"], ["--rank", "0"], ["--rank", "0", "--bf16"]], ids=" ".join)
def test_command_saves_a_model_that_forgot_a_little(
    capsys, models: Path, files: list[str], tmp_path: Path, extra: list[str]
) -> None:
    out = tmp_path / "u"
    argv = ["unlearn", "--model", str(models / "a"), *files, "--method", "npo", "--set", "gamma=5", "--out", str(out)]
    assert main([*argv, "--steps", "12", "--lr", "0.02", *extra, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["ok"] and record["steps"] == 12
    assert record["history"][-1]["forget_loss"] > record["history"][0]["forget_loss"]
    saved, before = (load_model(p) for p in (out / "model", models / "a"))
    assert {p.dtype for p in saved.parameters()} == {torch.float32}
    assert any(not torch.equal(a, b) for a, b in zip(saved.parameters(), before.parameters(), strict=True))
    assert load_tokenizer(out / "model").get_vocab() == load_tokenizer(models / "a").get_vocab()
    assert sorted(p.name for p in out.iterdir()) == ["model", "record.json", "request.json"]
    assert main([*argv, *extra]) == 2  # a finished folder is not overwritten
    assert "--resume" in capsys.readouterr().err


def test_resume_reaches_the_same_model(models: Path, corpus: Corpus, tmp_path: Path, monkeypatch) -> None:
    settings = LoopSettings(**{**vars(SMALL), "checkpoint_every": 2})
    whole = unlearn(models / "a", corpus, "grad-diff", tmp_path / "whole", settings, rank=None)
    import experiments.unlearning.request as module

    class Killed(Exception):
        pass

    def kill_at_three(task, settings, watch):
        def after(step: int) -> None:
            if step == 3:
                raise Killed

        return original(task, settings, replace(watch, after_step=after))

    original = module.run_loop
    monkeypatch.setattr(module, "run_loop", kill_at_three)
    with pytest.raises(Killed):
        unlearn(models / "a", corpus, "grad-diff", tmp_path / "cut", settings, rank=None)
    monkeypatch.undo()
    with pytest.raises(ArgumentError, match="same request"):
        unlearn(models / "a", corpus, "npo", tmp_path / "cut", settings, rank=None, resume=True)
    other = Corpus("other", corpus.forget[::-1], corpus.retain, corpus.holdout)
    for changed, base in ((other, None), (corpus, models / "b")):  # as many items, but not the same request
        with pytest.raises(ArgumentError, match="same request"):
            unlearn(models / "a", changed, "grad-diff", tmp_path / "cut", settings, rank=None, resume=True, base=base)
    again = unlearn(models / "a", corpus, "grad-diff", tmp_path / "cut", settings, rank=None, resume=True)
    assert again["weights_sha256"] == whole["weights_sha256"]


def test_loss_that_is_no_number_keeps_the_last_good_model(models: Path, corpus: Corpus, tmp_path: Path) -> None:
    class Bad(Method):
        def __init__(self) -> None:
            self.calls = 0

        def loss(self, model, batch, reference=None):
            self.calls += 1
            value = model(input_ids=batch.preserve.input_ids).logits.square().mean()
            return (value * float("nan") if self.calls == 3 else value), {}

    with pytest.raises(UnlearningStopped, match="non-finite loss at step 2"):
        unlearn(models / "a", corpus, Bad(), tmp_path / "u", SMALL, rank=None)
    assert all(bool(p.isfinite().all()) for p in load_model(tmp_path / "u" / "model").parameters())
    assert json.loads((tmp_path / "u" / "record.json").read_text())["steps"] == 2

    class BadGradient(Bad):
        def loss(self, model, batch, reference=None):
            value = model(input_ids=batch.preserve.input_ids).logits.sum()
            return (value - value.detach()).abs().sqrt(), {}  # 0 with an infinite slope

    with pytest.raises(UnlearningStopped, match="non-finite gradient at step 0"):
        unlearn(models / "a", corpus, BadGradient(), tmp_path / "g", SMALL, rank=None)


def test_bad_requests(models: Path, corpus: Corpus, tokenizer, tmp_path: Path, monkeypatch, files, capsys) -> None:
    with pytest.raises(ArgumentError, match="forget: expected at least one item"):
        unlearn(models / "a", Corpus("x", (), corpus.retain, ()), "npo", tmp_path / "1", SMALL)
    with pytest.raises(ArgumentError, match="retain: expected at least one item"):
        unlearn(models / "a", Corpus("x", corpus.forget, (), ()), "npo", tmp_path / "2", SMALL)
    with pytest.raises(ArgumentError, match="never-seen holdout"):
        settings = LoopSettings(steps=1, stop_at_holdout=True)
        unlearn(models / "a", Corpus("x", corpus.forget, corpus.retain, ()), "npo", tmp_path / "3", settings)
    model = load_model(models / "a")
    long = [type(corpus.forget[0])("birth city : " + "bara " * 80 + "?", "oslo", "x")]
    with pytest.raises(ArgumentError, match="within 64 tokens"):
        require_fit(model, tokenizer, long, 8)
    model.resize_token_embeddings(10)
    with pytest.raises(ArgumentError, match="at most the model's 10 tokens"):
        require_fit(model, tokenizer, corpus.forget, 8)
    write_prompts(tmp_path / "both.jsonl", corpus.forget)
    argv = ["unlearn", "--model", str(models / "a"), *files, "--out", str(tmp_path / "4")]
    assert main([*argv, "--retain", str(tmp_path / "both.jsonl")]) == 2
    assert "each owner in one split" in capsys.readouterr().err
    for bad, said in (
        (["--method", "npu"], "did you mean npo"),
        (["--set", "gama=1"], "did you mean gamma"),
        (["--set", "gamma"], "KEY=VALUE"),
        (["--lr", "nan"], "positive number"),
        (["--steps", "0"], "--steps: expected a whole number, at least 1"),
    ):
        assert main([*argv, *bad]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "4").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ArgumentError, match="GiB free"):
        unlearn(models / "a", corpus, "npo", tmp_path / "5", SMALL)
    assert not any((tmp_path / str(k)).exists() for k in range(1, 6))


def test_lazy_name() -> None:
    assert experiments.unlearn is unlearn
    with pytest.raises(AttributeError):
        _ = experiments.nothing


def test_unknown_config_key_suggests_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("unlearn: {batch_retian: 3}\n")
    with pytest.raises(ArgumentError, match=r"unlearn.batch_retian.*did you mean batch_retain"):
        load_config("tiny", tmp_path / "c.yaml")


def test_own_templates_and_an_accuracy_to_keep(capsys, models: Path, files: list[str], tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("oslo\nlima\n")
    argv = [
        "unlearn",
        "--model",
        str(models / "a"),
        *files,
        "--method",
        "flat",
        "--steps",
        "2",
        "--rank",
        "2",
        "--json",
    ]
    own = [*argv, "--templates", str(tmp_path / "texts"), "--stop-accuracy-drop", "0.5", "--out", str(tmp_path / "u")]
    assert main(own) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["request"]["loop"]["stop_accuracy_drop"] == 0.5 and "holdout_accuracy" in record["history"][0]
    assert main([*argv, "--out", str(tmp_path / "v")]) == 0
    assert json.loads(capsys.readouterr().out)["weights_sha256"] != record["weights_sha256"]
    (tmp_path / "long").write_text("oslo " * 100)
    for wrong, said in (
        (["--stop-accuracy-drop", "1.5"], "--stop-accuracy-drop: expected a number in (0, 1)"),
        (["--templates", str(tmp_path / "none")], "templates: expected an existing text file"),
        (["--templates", str(tmp_path / "long")], "prompt and answer within 64 tokens"),
    ):
        assert main([*argv, *wrong, "--max-answer", "90", "--out", str(tmp_path / "w")]) == 2
        assert said in capsys.readouterr().err
