"""Prompts and answers of two models seen through an API, brought together prompt by prompt; any number of answers a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from estimators.token_kernel import UNITS, token_kernel
from mari_theory.certificates.metadata import strict_json
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Floats, Integers

MOST_ANSWERS = 4000
"""To one prompt, both arms together: memory grows with its square."""


@dataclass(frozen=True)
class Row:
    """One line of a file."""

    prompt: str
    """What was asked, not empty."""
    answer: str
    """What came back; may be empty."""
    category: str | None = None
    """As the file says, where it does."""


@dataclass(frozen=True)
class Answers:
    """Both arms' rows by prompt, each prompt's in the order in which they came. Raises `ArgumentError` where prompts differ.

    >>> a = Answers.of([Row("q", "yes"), Row("q", "no")], [Row("q", "yes")])
    >>> a.prompts, a.counts.tolist(), a.kernels[0].shape
    (('q',), [[2, 1]], (3, 3))
    """

    prompts: tuple[str, ...]
    """In the order of P's rows."""
    rows: tuple[tuple[tuple[Row, ...], tuple[Row, ...]], ...]
    """Of each prompt, P's and Q's."""
    places: tuple[tuple[Integers, Integers], ...]
    """Where those rows stand among all of their arm, from 0."""
    unit: str = "characters"
    """What an answer is read as: `characters` or `words`."""

    @classmethod
    def of(cls, p: Sequence[Row], q: Sequence[Row], unit: str = "characters") -> Answers:
        """From the rows of P and of Q: the same prompts in both, any number of answers to each."""
        require(unit in UNITS, "unit", " or ".join(UNITS), unit)
        by_prompt: list[dict[str, list[int]]] = []
        for name, rows in (("P", p), ("Q", q)):
            require(len(rows) > 0, name, "at least one row", "none")
            places: dict[str, list[int]] = {}
            for k, row in enumerate(rows):
                text = all(isinstance(x, str) for x in (row.prompt, row.answer)) and row.prompt != ""
                require(text, f"{name} row {k + 1}", "a prompt that is not empty and an answer, both text", row)
                places.setdefault(row.prompt, []).append(k)
            by_prompt.append(places)
        left, right = by_prompt
        for name, places, other in (("P", left, right), ("Q", right, left)):
            alone = [x for x in places if x not in other]
            came = f"{len(alone)} only in {name}, such as {alone[0]!r}" if alone else ""
            require(not alone, "prompts", "the same prompts in both files", came)
        for x in left:
            count = len(left[x]) + len(right[x])
            require(count <= MOST_ANSWERS, f"prompt {x!r}", f"at most {MOST_ANSWERS} answers in both arms", count)
        return cls(
            tuple(left),
            tuple((tuple(p[k] for k in left[x]), tuple(q[k] for k in right[x])) for x in left),
            tuple((np.array(left[x]), np.array(right[x])) for x in left),
            unit,
        )

    @cached_property
    def counts(self) -> Integers:
        """Answers of P and of Q, shape (prompts, 2)."""
        return np.array([[len(p), len(q)] for p, q in self.rows])

    @cached_property
    def kernels(self) -> tuple[Floats, ...]:
        """Likeness of all answers to a prompt, P's before Q's (`token_kernel`)."""
        return tuple(token_kernel([r.answer for r in (*p, *q)], self.unit) for p, q in self.rows)


def read_rows(path: Path) -> list[Row]:
    """JSONL with text in `prompt` and `answer`, in `category` where there is one. Raises `ArgumentError` naming file, line and fault."""
    path = Path(path)
    require(path.is_file(), "answers", "an existing JSONL file", path)
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as e:
        raise ArgumentError(path.name, "UTF-8 text", f"{e.reason} at byte {e.start}") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        row = strict_json(line, where)
        require(isinstance(row, dict), where, "one JSON object", line.strip()[:60])
        for key in ("prompt", "answer", *(("category",) if "category" in row else ())):
            require(isinstance(row.get(key), str), f"{where}, {key}", "text", row.get(key, "nothing"))
        require(row["prompt"] != "", f"{where}, prompt", "text that is not empty", "''")
        rows.append(Row(row["prompt"], row["answer"], row.get("category")))
    require(len(rows) > 0, path.name, "at least one row", "none")
    return rows


def read_answers(p: Path, q: Path, unit: str = "characters") -> Answers:
    """Both files together. The same file twice, or a copy, is refused: it would pass every test. Raises `ArgumentError`."""
    left, right = read_rows(p), read_rows(q)
    require(
        Path(p).read_bytes() != Path(q).read_bytes(), "files", "answers of two models", "one file twice, or its copy"
    )
    return Answers.of(left, right, unit)
