"""`mari unlearn`: a saved model comes out, own templates and an accuracy to keep; bad requests leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from experiments.cli.main import main
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.models.load import load_model, load_tokenizer


@pytest.fixture
def files(corpus: Corpus, tmp_path: Path) -> list[str]:
    out = []
    for name, items in corpus.splits().items():
        write_prompts(tmp_path / f"{name}.jsonl", items)
        out += [f"--{name}", str(tmp_path / f"{name}.jsonl")]
    return out


@pytest.mark.parametrize("extra", [["--rank", "2"], ["--rank", "0"], ["--rank", "0", "--bf16"]], ids=" ".join)
def test_command_saves_a_model_that_forgot_a_little(
    capsys: pytest.CaptureFixture[str], models: Path, files: list[str], tmp_path: Path, extra: list[str]
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


def test_own_templates_and_an_accuracy_to_keep(
    capsys: pytest.CaptureFixture[str], models: Path, files: list[str], tmp_path: Path
) -> None:
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


def test_bad_requests(
    models: Path, corpus: Corpus, tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
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
