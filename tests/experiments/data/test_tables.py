"""Rows are the same from every format, and faults are one line that says where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from experiments.data.tables import files_of, read_table
from mari_theory import ArgumentError

ROWS = [
    {"prompt": "Who, then?", "answer": "Ada\u2028Alder", "owner": "ada"},
    {"prompt": "q", "answer": "a", "owner": "b"},
]
KEYS = ("prompt", "answer", "owner")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One table in three formats, and a data set as the hub lays them out."""
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS), encoding="utf-8")
    lines = ["question,answer,author", *(",".join(f'"{x}"' for x in r.values()) for r in ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    (tmp_path / "set" / "data").mkdir(parents=True)
    for k, row in enumerate(ROWS):
        parquet.write_table(
            pa.Table.from_pylist([row]), tmp_path / "set" / "data" / f"forget10-0000{k}-of-00002.parquet"
        )
    (tmp_path / "set" / "retain.json").write_text(json.dumps(ROWS[0]))
    return tmp_path


def test_every_format_gives_the_same_rows(folder: Path) -> None:
    for name in ("t.jsonl", "t.parquet"):
        assert read_table(folder / name, KEYS) == ROWS
    assert [{k: r[k] for k in KEYS} for r in read_table(folder / "t.csv", KEYS)][1] == ROWS[1]


def test_a_split_of_a_data_set_is_all_its_parts_in_order(folder: Path) -> None:
    assert read_table(f"hf:{folder / 'set'}:forget10", KEYS) == ROWS
    assert read_table(Path(f"hf:{folder / 'set'}:retain"), KEYS) == ROWS[:1]
    assert [p.name for p in files_of(f"hf:{folder / 'set'}:forget10")] == [
        f"forget10-0000{k}-of-00002.parquet" for k in (0, 1)
    ]
    with pytest.raises(ArgumentError, match="nothing of this name"):
        files_of(f"hf:{folder / 'set'}:forget1")
    with pytest.raises(ArgumentError, match="hf:ID:NAME"):
        files_of("hf:only")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> str:
        raise OSError("no network\nand more")

    monkeypatch.setattr("huggingface_hub.snapshot_download", gone)
    with pytest.raises(ArgumentError, match=r"reachable data set of the hub, got locuslab/TOFU: no network$"):
        files_of("hf:locuslab/TOFU:forget10")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.jsonl", '{"prompt": "q", "answer": "a"}\n{oops\n', r"^t\.jsonl line 2: expected one JSON object"),
        ("t.jsonl", '{"prompt": "q"}\n', r"^t\.jsonl line 1: expected the fields prompt, answer"),
        ("t.jsonl", '{"prompt": "q", "answer": 3}\n', r"^t\.jsonl line 1: expected text in its fields"),
        ("t.csv", "prompt,answer\nq\n", r"^t\.csv row 1: expected as many cells as the first line"),
        ("t.csv", 'prompt,answer\n"q,a\n', r"^data: expected a CSV file"),
        ("t.csv", "prompt,answer\n", r"^t\.csv: expected at least one row"),
        ("t.parquet", "no parquet", r"^data: expected a Parquet file"),
        ("none.csv", None, r"^data: expected an existing file"),
    ],
)
def test_faults_say_where(tmp_path: Path, name: str, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError, match=words) as error:
        read_table(tmp_path / name, ("prompt", "answer"))
    assert "\n" not in str(error.value)
