"""Corpora and prompts from files (TOFU: `tofu.py`)."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.data.items import Corpus, Item
from experiments.data.tables import read_table, read_text
from mari_theory.certificates.files import write_text
from mari_theory.errors import require


def load_jsonl(folder: Path) -> Corpus:
    """Own data: `forget.jsonl`, `retain.jsonl`, `holdout.jsonl` with `prompt, answer, owner` a line."""
    folder = Path(folder)
    return load_files(folder / "forget.jsonl", folder / "retain.jsonl", folder / "holdout.jsonl")


def load_files(forget: Path, retain: Path, holdout: Path | None = None, templates: Path | None = None) -> Corpus:
    """The same from tables of any name (`experiments.data.tables`); without `holdout` there are no never-seen items to compare with. `templates`: a text a line.

    Raises `ArgumentError` on a missing or empty file, a line without its fields, an owner in two files.
    """
    parts = [read_items(path) if path else () for path in (forget, retain, holdout)]
    owners = [{i.owner for i in p} for p in parts]
    overlap = (owners[0] & owners[1]) | (owners[0] & owners[2]) | (owners[1] & owners[2])
    require(not overlap, "owner", "each owner in one split", sorted(overlap)[:3])
    texts = read_lines(Path(templates), "templates") if templates else ()
    return Corpus(str(Path(forget).parent), parts[0], parts[1], parts[2], templates=texts)


def read_items(path: Path) -> tuple[Item, ...]:
    """Questions with answers and owners from one table. Raises `ArgumentError` as `read_table` does."""
    rows = read_table(path, ("prompt", "answer", "owner"))
    return tuple(Item(r["prompt"], r["answer"], r["owner"], r.get("kind", "")) for r in rows)


def read_lines(path: Path, name: str) -> tuple[str, ...]:
    """Lines that are not blank. Raises `ArgumentError` on a missing file, one that is no UTF-8, or one without any."""
    require(path.is_file(), name, "an existing text file", path)
    lines = tuple(x.strip() for x in read_text(path, name).splitlines() if x.strip())
    require(bool(lines), name, "at least one line of text", path)
    return lines


def read_prompts(path: Path) -> list[Item]:
    """Prompts of a table: `prompt` required, `answer`, `owner`, `kind` optional."""
    rows = read_table(path, ("prompt",))
    return [
        Item(r["prompt"], r.get("answer", ""), str(r.get("owner", i)), r.get("kind", "")) for i, r in enumerate(rows)
    ]


def write_prompts(path: Path, items: tuple[Item, ...]) -> None:
    """Items as JSONL, readable by `read_prompts`."""
    lines = (json.dumps({"prompt": i.prompt, "answer": i.answer, "owner": i.owner, "kind": i.kind}) for i in items)
    write_text(path, "\n".join(lines) + "\n")
