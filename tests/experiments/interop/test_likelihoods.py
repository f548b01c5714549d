"""Log-likelihoods of any engine as JSONL: the same certificate as from a score file, and faults that say where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estimators.certify import certify_files
from experiments.interop.likelihoods import score_file
from mari_theory import ArgumentError, check
from mari_theory.certificates.files import read_scores
from tests.mari_theory.certificates.build import coins

ROW = {"prompt_id": "p", "arm": 0, "log_p": -1.0, "log_q": -2.0}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    return path


def test_a_certificate_over_jsonl_is_that_over_the_same_score_file(tmp_path: Path) -> None:
    theirs = coins(tmp_path / "s.parquet", 60)
    scores = read_scores(theirs)
    rows = [
        {"prompt_id": f"p{k}", "arm": int(a), "log_p": float(p), "log_q": float(q), "draw": k}
        for k, (a, p, q) in enumerate(zip(scores.arm, scores.log_p, scores.log_q, strict=True))
    ]
    made = score_file(write(tmp_path / "mine.jsonl", {"metadata": {"pair": "oracle", "design": "iid"}}, *rows))
    assert made == tmp_path / "mine.parquet" and read_scores(made).metadata == {"pair": "oracle", "design": "iid"}
    own, other = (certify_files([p], confidence=0.95, margin=0.02) for p in (made, theirs))
    assert (own.claim.lower, own.claim.upper, own.claim.n) == (other.claim.lower, other.claim.upper, other.claim.n)
    assert all(x.ok for x in check(own, [made])) and "distinct-draws" in own.assumptions
    assert score_file(tmp_path / "mine.jsonl") == made and sorted(p.suffix for p in tmp_path.iterdir()) == [".jsonl", ".parquet", ".parquet"]  # fmt: skip
    write(tmp_path / "mine.jsonl", ROW)
    with pytest.raises(ArgumentError, match=r"^mine\.jsonl: expected no mine\.parquet of other rows beside it"):
        score_file(tmp_path / "mine.jsonl")


def test_minus_infinity_is_a_word_and_the_pair_may_be_said_outside(tmp_path: Path) -> None:
    made = score_file(write(tmp_path / "m.jsonl", ROW, ROW | {"arm": 1, "log_p": "-inf"}), "oracle")
    scores = read_scores(made)
    assert scores.log_p.tolist() == [-1.0, float("-inf")] and scores.metadata == {"pair": "oracle"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"prompt_id": "p", "arm": 0, "log_p": -1.0}], r"line 1: expected the fields .* got no \['log_q'\]"),
        ([ROW, ROW | {"arm": 2}], r"line 2, arm: expected 0 \(drawn from P\) or 1"),
        ([ROW | {"log_p": "low"}], r"line 1, log_p: expected nats, got low"),
        ([ROW | {"prompt_id": 3}], r"line 1, prompt_id: expected text"),
        ([ROW, ROW | {"draw": 4}], r"line 2: expected the fields of the first row"),
        ([[1]], r"line 1: expected one JSON object"),
        ([{"metadata": {"pair": "banana"}}, ROW], r"pair: expected marginal or oracle"),
        ([{"metadata": {"pair": "oracle"}}], r"expected at least one row"),
    ],
)
def test_faults_say_where_and_write_nothing(tmp_path: Path, rows: list[Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        score_file(write(tmp_path / "m.jsonl", *rows))
    assert [p.name for p in tmp_path.iterdir()] == ["m.jsonl"]
