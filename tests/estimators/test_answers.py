"""Prompts and answers from files and from rows, right and wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimators.answers import MOST_ANSWERS, Answers, Row, read_answers, read_rows
from mari_theory import ArgumentError

LINE = {"prompt": "q", "answer": "a"}


def write(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n", encoding="utf-8")
    return path


def test_rows_meet_by_prompt_in_their_order() -> None:
    p = [Row("x", "1"), Row("y", "2"), Row("x", "3")]
    q = [Row("y", "4"), Row("x", "5"), Row("y", "6")]
    a = Answers.of(p, q)
    assert a.prompts == ("x", "y") and a.counts.tolist() == [[2, 1], [1, 2]]
    assert [[[r.answer for r in arm] for arm in both] for both in a.rows] == [[["1", "3"], ["5"]], [["2"], ["4", "6"]]]
    assert [[arm.tolist() for arm in both] for both in a.places] == [[[0, 2], [1]], [[1], [0, 2]]]
    assert [k.shape for k in a.kernels] == [(3, 3), (3, 3)]
    np.testing.assert_allclose(np.diag(a.kernels[0]), 1)


def test_files_are_read_as_they_are(tmp_path: Path) -> None:
    odd = {"prompt": " q ", "answer": "line\u2028break", "category": "x", "more": 1}
    path = write(tmp_path / "p.jsonl", "\ufeff" + json.dumps(LINE), "", odd, {"prompt": "q", "answer": ""})
    assert read_rows(path) == [Row("q", "a"), Row(" q ", "line\u2028break", "x"), Row("q", "")]


FAULTS: dict[str, tuple[Any, ...]] = {
    "truncated": (LINE, '{"prompt": "q", "answ'),
    "no object": ("[1, 2]",),
    "no answer": ({"prompt": "q"},),
    "a number": ({"prompt": "q", "answer": 3},),
    "NaN": ('{"prompt": "q", "answer": NaN}',),
    "nothing said": ({"prompt": "q", "answer": None},),
    "empty prompt": ({"prompt": "", "answer": "a"},),
    "a key twice": ('{"prompt": "q", "prompt": "r", "answer": "a"}',),
    "half a character": ('{"prompt": "q", "answer": "\\ud800"}',),
    "category a list": ({**LINE, "category": ["x"]},),
    "empty": (" ",),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    path = write(tmp_path / "p.jsonl", *FAULTS[fault])
    with pytest.raises(ArgumentError, match=r"p\.jsonl") as error:
        read_rows(path)
    assert "\n" not in str(error.value)


def test_missing_files_other_encodings_copies_and_other_prompts_are_refused(tmp_path: Path) -> None:
    p = write(tmp_path / "p.jsonl", LINE)
    (tmp_path / "latin.jsonl").write_bytes('{"prompt": "q", "answer": "é"}'.encode("latin-1"))
    copy, other = write(tmp_path / "copy.jsonl", LINE), write(tmp_path / "other.jsonl", {**LINE, "prompt": "r"})
    for q, words in (
        (tmp_path / "gone.jsonl", "existing"),
        (tmp_path / "latin.jsonl", "UTF-8"),
        (p, "one file twice"),
        (copy, "its copy"),
        (other, "1 only in P, such as 'q'"),
    ):
        with pytest.raises(ArgumentError, match=words):
            read_answers(p, q)
    many = [Row("q", "a")] * MOST_ANSWERS
    for rows in ([], [Row("", "a")], many):
        with pytest.raises(ArgumentError):
            Answers.of([Row("q", "b")], rows)
    with pytest.raises(ArgumentError, match="unit"):
        Answers.of([Row("q", "b")], [Row("q", "b")], "bytes")
