"""`mari score` and `mari pool` on saved models, to a checked certificate."""

from __future__ import annotations

import json
from pathlib import Path

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
