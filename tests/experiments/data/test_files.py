"""Own data from files: what is read, and what is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.config import RunConfig
from experiments.data.files import load_files, load_jsonl
from mari_theory import ArgumentError


def test_own_data_is_read_and_checked(tmp_path: Path) -> None:
    for k, name in enumerate(("forget", "retain", "holdout")):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"prompt": "q", "answer": "a", "owner": f"o{k}"}) + "\n")
    assert load_jsonl(tmp_path).forget[0].owner == "o0"
    (tmp_path / "retain.jsonl").write_text(json.dumps({"prompt": "q", "answer": "a", "owner": "o0"}))
    with pytest.raises(ArgumentError, match="one split"):
        load_jsonl(tmp_path)
    (tmp_path / "retain.jsonl").write_text('{"prompt": "q"')
    with pytest.raises(ArgumentError, match="line 1"):
        load_jsonl(tmp_path)
    (tmp_path / "retain.jsonl").write_text('{"prompt": "q"}')
    with pytest.raises(ArgumentError, match="answer"):
        load_jsonl(tmp_path)


@pytest.mark.parametrize(("content", "match"), [(None, "existing"), (b" \n", "at least one"), (b"\xff", "UTF-8")])
def test_bad_templates(tmp_path: Path, content: bytes | None, match: str) -> None:
    if content is not None:
        (tmp_path / "texts").write_bytes(content)
    with pytest.raises(ArgumentError, match=rf"corpus\.templates: .*{match}"):
        RunConfig(corpus={"templates": str(tmp_path / "texts")}).make_corpus()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"[1, 2]", "line 1: expected one JSON object"),
        (b"5", "one JSON object"),
        (b'{"prompt": 5, "answer": "a", "owner": "o"}', "text in its fields"),
        (b'{"prompt": "q", "answer": null, "owner": "o"}', "text in its fields"),
    ],
)
def test_rows_that_are_no_questions(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(ArgumentError, match=match):
        load_files(tmp_path / "rows.jsonl", tmp_path / "rows.jsonl")
