"""Rows of text from JSONL, CSV or Parquet files, or from a data set of the hub (`hf:ID:NAME`)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mari_theory.errors import ArgumentError, require

OTHER_NAMES = {"prompt": "question", "owner": "author"}
"""Columns that are taken under another name where their own is not there."""
SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
HUB = "hf:"


def read_table(source: str | Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows with text under every one of `keys`; the format follows from the file's name, and other names are read as JSONL.

    `hf:ID:NAME` is split or file NAME of a data set of the hub, or of a local folder ID. Raises `ArgumentError` naming file and line or
    row: no such file, no row, a column that is missing or holds no text.
    """
    return [row for path in files_of(source) for row in _rows_of(path, keys)]


def files_of(source: str | Path) -> list[Path]:
    """The files that a source stands for: itself, or the parts of a split. Raises `ArgumentError` where there are none."""
    text = str(source)
    if not text.startswith(HUB):
        require(Path(source).is_file(), "data", "an existing file", source)
        return [Path(source)]
    name, sign, split = text[len(HUB) :].rpartition(":")
    require(sign and name and split, "data", "hf:ID:NAME, for example hf:locuslab/TOFU:forget10", text)
    folder = Path(name) if Path(name).is_dir() else _fetch(name, split)
    found = sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES and _is_split(p, split))
    first = next((s for s in SUFFIXES if any(p.suffix == s for p in found)), None)  # one format: they would be copies
    require(found, "data", f"a file or folder {split} in {name}", "nothing of this name")
    return [p for p in found if p.suffix == first]


def _is_split(path: Path, split: str) -> bool:
    """`forget10.json`, `forget10-00000-of-00001.parquet`, or any file of a folder `forget10`."""
    return path.stem == split or path.stem.startswith(f"{split}-0") or path.parent.name == split


def _fetch(name: str, split: str) -> Path:
    from huggingface_hub import snapshot_download

    patterns = [f"{folder}{split}{rest}" for folder in ("", "*/") for rest in (".*", "-0*", "/*")]
    try:
        return Path(snapshot_download(name, repo_type="dataset", allow_patterns=patterns))
    except (OSError, ValueError) as e:
        why = (str(e).strip().splitlines() or [type(e).__name__])[0]
        raise ArgumentError("data", "a local folder or a reachable data set of the hub", f"{name}: {why}") from None


def _rows_of(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    read = {".csv": _csv, ".parquet": _parquet}.get(path.suffix, read_lines_of_json)
    rows = [_checked(row, keys, where) for where, row in read(path)]
    require(bool(rows), path.name, "at least one row", "none")
    return rows


def _checked(row: Any, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    require(isinstance(row, dict), where, "one JSON object", str(row)[:60])
    for key in keys:
        if key not in row and OTHER_NAMES.get(key) in row:
            row[key] = row[OTHER_NAMES[key]]
    missing = [k for k in keys if k not in row]
    require(not missing, where, f"the fields {', '.join(keys)}", f"no {missing}")
    other = {k: row[k] for k in keys if not isinstance(row[k], str | list)}
    require(not other, where, "text in its fields", other)
    return dict(row)


def read_lines_of_json(path: Path) -> Iterator[tuple[str, Any]]:
    """(where, value) of every line that is not blank. Raises `ArgumentError` on one that is no JSON."""
    for number, line in enumerate(read_text(path, "data").split("\n"), 1):
        if line.strip():
            where = f"{path.name} line {number}"
            try:
                yield where, json.loads(line)
            except json.JSONDecodeError as e:
                raise ArgumentError(where, "one JSON object", str(e)) from None


def _csv(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        for number, row in enumerate(csv.DictReader(read_text(path, "data").splitlines(keepends=True), strict=True), 1):
            where = f"{path.name} row {number}"
            require(None not in row and None not in row.values(), where, "as many cells as the first line", len(row))
            yield where, row
    except csv.Error as e:
        raise ArgumentError("data", "a CSV file with a first line of names", f"{path}: {e}") from None


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
    except (pa.ArrowException, OSError) as e:
        raise ArgumentError("data", "a Parquet file", f"{path}: {str(e).splitlines()[0]}") from None
    yield from ((f"{path.name} row {number}", row) for number, row in enumerate(rows, 1))


def read_text(path: Path, name: str) -> str:
    """A whole file. Raises `ArgumentError` on one that is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise ArgumentError(name, "UTF-8 text", f"{path}: {e.reason} at byte {e.start}") from None
