"""`mari score` and `mari pool` on saved models, to a checked certificate."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from tests.experiments.cli.call import run


def test_score_pool_certify_check_on_saved_models(
    capsys: pytest.CaptureFixture[str], models: Path, corpus: Corpus, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    a, b = str(models / "a"), str(models / "b")
    made = run(
        capsys,
        "score",
        "--p",
        a,
        "--q",
        b,
        "--prompts",
        str(tmp_path / "f.jsonl"),
        "--out",
        str(tmp_path / "s.parquet"),
        "--draws",
        "30",
        "--max-new",
        "2",
        "--json",
    )
    assert made[0] == 0 and json.loads(made[1])["rows"] == 60
    assert "template none (auto): prompts as they stand" in made[2]
    made = run(
        capsys,
        "pool",
        "--model",
        a,
        "--retain",
        str(tmp_path / "r.jsonl"),
        "--forget",
        str(tmp_path / "f.jsonl"),
        "--out",
        str(tmp_path / "p.npz"),
    )
    assert made[0] == 0
    for name in ("s.parquet", "p.npz"):
        assert run(capsys, "certify", str(tmp_path / name), "--out", str(tmp_path / "c.json"))[0] == 0
        assert run(capsys, "check", str(tmp_path / "c.json"))[0] == 0


def test_a_template_reaches_the_certificate_and_bad_ones_leave_nothing_behind(
    capsys: pytest.CaptureFixture[str], models: Path, tokenizer: Any, corpus: Corpus, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    (tmp_path / "own.txt").write_text("Tell: {prompt}")
    chatty = copy.deepcopy(tokenizer)
    chatty.chat_template = "{{ messages[0].content }} ?"
    chatty.save_pretrained(tmp_path / "chatty")  # no model: what is refused is refused before any is read
    argv = [
        "score",
        "--p",
        str(models / "a"),
        "--prompts",
        str(tmp_path / "f.jsonl"),
        "--out",
        str(tmp_path / "s.parquet"),
    ]
    argv += ["--draws", "20", "--max-new", "2", "--q"]
    for q, own, match in (
        ("b", ["--template", "chta"], "--template: expected auto, none, chat, question or an existing text file"),
        ("b", ["--template", "chat"], "--template: expected none or a file"),
        (tmp_path / "chatty", [], "--template: expected none as in"),
        ("b", ["--max-new", "64"], "prompt: expected prompt and output within 64 tokens"),
    ):
        status, out, err = run(capsys, *argv, str(models / q), *own)
        assert status == 2 and out == "" and match in err.splitlines()[-1]
        assert not (tmp_path / "s.parquet").exists()
    status, _, err = run(capsys, *argv, str(models / "b"), "--template", str(tmp_path / "own.txt"))
    assert status == 0 and "auto" not in err
    status, out, _ = run(capsys, "certify", str(tmp_path / "s.parquet"), "--out", str(tmp_path / "c.json"))
    assert status == 0 and "asked: prompts in the template own.txt (SHA-256 " in out
    assert run(capsys, "check", str(tmp_path / "c.json"))[0] == 0
