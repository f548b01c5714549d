"""`mari score` and `mari pool` on saved models, to a checked certificate."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.files import write_prompts
from experiments.data.items import Corpus, Item
from mari_theory.certificates.files import read_scores
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


def test_where_how_precisely_and_how_many_at_once(
    capsys: pytest.CaptureFixture[str], models: Path, corpus: Corpus, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "f.jsonl", corpus.forget)
    a, b = str(models / "a"), str(models / "b")
    argv = ["score", "--p", a, "--q", b, "--prompts", str(tmp_path / "f.jsonl"), "--draws", "20", "--max-new", "2"]
    likelihoods = {}
    for dtype, more in (
        ("float32", ["--batch", "3", "--device", "cpu"]),
        ("float64", ["--batch", "3"]),
        ("bfloat16", []),
    ):
        out = tmp_path / f"{dtype}.parquet"
        status, _, err = run(capsys, *argv, "--out", str(out), "--dtype", dtype, *more)
        scores = read_scores(out)
        likelihoods[dtype] = scores.log_p
        assert status == 0 and scores.metadata.get("dtype") == (None if dtype == "float32" else dtype)
        assert ("likelihoods depend on the batch" in err) is (dtype == "bfloat16")
    assert np.allclose(likelihoods["float32"], likelihoods["float64"], atol=1e-4)
    for more, words in (
        (["--dtype", "int8"], "--dtype: expected float32"),
        (["--device", "moon"], "device: expected auto"),
        (["--batch", "0"], "--batch: expected a number at least 1"),
    ):
        status, _, err = run(capsys, *argv, "--out", str(tmp_path / "x.parquet"), *more)
        assert status == 2 and words in err and not (tmp_path / "x.parquet").exists()


def test_a_pool_has_room_for_its_answers(
    capsys: pytest.CaptureFixture[str], models: Path, corpus: Corpus, tmp_path: Path
) -> None:
    long = Item(corpus.forget[0].prompt, "oslo " * 70, "x")
    write_prompts(tmp_path / "f.jsonl", (long,))
    write_prompts(tmp_path / "r.jsonl", corpus.retain)
    files = ["--retain", str(tmp_path / "r.jsonl"), "--forget", str(tmp_path / "f.jsonl")]
    status, _, err = run(capsys, "pool", "--model", str(models / "a"), *files, "--out", str(tmp_path / "p.npz"))
    assert status == 2 and "prompt and answer within 64 tokens" in err and not (tmp_path / "p.npz").exists()
