"""Corpora and prompts from JSONL files (TOFU: `tofu.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from experiments.data.items import Corpus, Item
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require


def load_jsonl(folder: Path) -> Corpus:
    """Own data: `forget.jsonl`, `retain.jsonl`, `holdout.jsonl` with `prompt, answer, owner` a line."""
    folder = Path(folder)
    return load_files(folder / "forget.jsonl", folder / "retain.jsonl", folder / "holdout.jsonl")


def load_files(forget: Path, retain: Path, holdout: Path | None = None, templates: Path | None = None) -> Corpus:
    """The same from files of any name; without `holdout` there are no never-seen items to compare with. `templates`: a text a line.

    Raises `ArgumentError` on a missing or empty file, a line without its fields, an owner in two files.
    """
    parts = []
    for path in (forget, retain, holdout):
        rows = read_json_lines(Path(path), ("prompt", "answer", "owner")) if path else []
        parts.append(tuple(Item(r["prompt"], r["answer"], r["owner"], r.get("kind", "")) for r in rows))
    owners = [{i.owner for i in p} for p in parts]
    overlap = (owners[0] & owners[1]) | (owners[0] & owners[2]) | (owners[1] & owners[2])
    require(not overlap, "owner", "each owner in one split", sorted(overlap)[:3])
    texts = read_lines(Path(templates), "templates") if templates else ()
    return Corpus(str(Path(forget).parent), parts[0], parts[1], parts[2], templates=texts)


def read_lines(path: Path, name: str) -> tuple[str, ...]:
    """Lines that are not blank. Raises `ArgumentError` on a missing file, one that is no UTF-8, or one without any."""
    require(path.is_file(), name, "an existing text file", path)
    lines = tuple(x.strip() for x in read_text(path, name).splitlines() if x.strip())
    require(bool(lines), name, "at least one line of text", path)
    return lines


def read_text(path: Path, name: str) -> str:
    """A whole file. Raises `ArgumentError` on one that is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise ArgumentError(name, "UTF-8 text", f"{path}: {e.reason} at byte {e.start}") from None


def read_prompts(path: Path) -> list[Item]:
    """JSONL prompts: `prompt` required, `answer`, `owner`, `kind` optional."""
    rows = read_json_lines(Path(path), ("prompt",))
    return [
        Item(r["prompt"], r.get("answer", ""), r.get("owner", str(i)), r.get("kind", "")) for i, r in enumerate(rows)
    ]


def write_prompts(path: Path, items: tuple[Item, ...]) -> None:
    """Items as JSONL, readable by `read_prompts`."""
    lines = (json.dumps({"prompt": i.prompt, "answer": i.answer, "owner": i.owner, "kind": i.kind}) for i in items)
    write_text(path, "\n".join(lines) + "\n")


def read_json_lines(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of a JSONL file. Raises `ArgumentError` naming the line when it is no object, lacks one of `keys` or has a number there."""
    require(path.is_file(), "data", "an existing file", path)
    rows = []
    for number, line in enumerate(read_text(path, "data").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as e:
            raise ArgumentError(where, "one JSON object", str(e)) from None
        require(isinstance(row, dict), where, "one JSON object", line[:60])
        missing = [k for k in keys if k not in row]
        require(not missing, where, f"the fields {', '.join(keys)}", f"no {missing}")
        other = {k: row[k] for k in keys if not isinstance(row[k], str | list)}
        require(not other, where, "text in its fields", other)
        rows.append(row)
    require(bool(rows), path.name, "at least one row", "none")
    return rows
