"""Score files, broken and whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError
from tests.mari_theory.certificates.build import certified, coins, one_line, write_rows

N = 400


def rewrite(path: Path, name: str, values: pa.Array | None) -> None:
    table = pq.read_table(path)
    index = table.column_names.index(name)
    table = table.remove_column(index) if values is None else table.set_column(index, name, values)
    pq.write_table(table, path)


def say(path: Path, raw: bytes) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"mari": raw}), path)


def invalid_text(path: Path) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), N, [None, pa.py_buffer(np.arange(N + 1, dtype=np.int32).tobytes()), pa.py_buffer(b"\xff" * N)]
    )
    rewrite(path, "prompt_id", bad)


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (lambda f: f.write_bytes(f.read_bytes()[:-200]), "Parquet"),
    "damaged in the middle": (lambda f: f.write_bytes(f.read_bytes()[:100] + b"\0" * 400 + f.read_bytes()[500:]), ""),
    "not parquet": (lambda f: f.write_bytes(b"hello world, this is no parquet"), "Parquet score or option file"),
    "empty": (lambda f: f.write_bytes(b""), "Parquet score or option file"),
    "missing": (lambda f: f.unlink(), "existing file"),
    "a folder": (into_a_folder, "existing file"),
    "no log_q": (lambda f: rewrite(f, "log_q", None), "a column log_q"),
    "no prompt_id": (lambda f: rewrite(f, "prompt_id", None), "a column prompt_id"),
    "numbers as text": (lambda f: rewrite(f, "log_p", pa.array(["x"] * N)), "column log_p"),
    "integers for likelihoods": (lambda f: rewrite(f, "log_p", pa.array([-1] * N)), "float64"),
    "float16": (lambda f: rewrite(f, "log_p", pa.array(np.full(N, -1, np.float16))), "float64 (or float32"),
    "decimals": (lambda f: rewrite(f, "log_p", pa.array([-1] * N, pa.decimal128(5, 2))), "float64"),
    "arm as text": (lambda f: rewrite(f, "arm", pa.array(["0"] * N)), "integer"),
    "arm as float": (lambda f: rewrite(f, "arm", pa.array([0.0] * N)), "integer"),
    "arm as truth": (lambda f: rewrite(f, "arm", pa.array([True] * N)), "integer"),
    "arm 2": (lambda f: rewrite(f, "arm", pa.array([0, 1, 2, 2] * (N // 4), pa.int8())), "only 0 (P) and 1 (Q)"),
    "arm 256": (lambda f: rewrite(f, "arm", pa.array([0, 256] * (N // 2))), "only 0 (P) and 1 (Q)"),
    "one arm": (lambda f: rewrite(f, "arm", pa.array([0] * N, pa.int8())), "rows of both arms"),
    "nan": (lambda f: rewrite(f, "log_p", pa.array([math.nan] * N)), "numbers, got NaN"),
    "plus infinity": (lambda f: rewrite(f, "log_p", pa.array([math.inf] * N)), "at most 0"),
    "positive": (lambda f: rewrite(f, "log_q", pa.array([0.1] * N)), "at most 0"),
    "impossible under its own arm": (lambda f: rewrite(f, "log_p", pa.array([-math.inf] * N)), "this arm generated"),
    "null likelihood": (lambda f: rewrite(f, "log_p", pa.array([None] * N, pa.float64())), "no missing values"),
    "null prompt": (lambda f: rewrite(f, "prompt_id", pa.array([None] * N, pa.string())), "no missing values"),
    "text that is no text": (invalid_text, ""),
    "no rows": (lambda f: pq.write_table(pq.read_table(f).slice(0, 0), f), "at least one row"),
    "one prompt of two owners": (lambda f: rewrite(f, "cluster_id", pa.array(["a", "b"] * (N // 2))), "one owner"),
    "tokens as text": (lambda f: rewrite(f, "tokens", pa.array(["x"] * N)), "integer"),
    "metadata [1]": (lambda f: say(f, b"[1]"), "a JSON object"),
    "metadata 3": (lambda f: say(f, b"3"), "a JSON object"),
    "metadata no JSON": (lambda f: say(f, b"{"), "readable JSON"),
    "metadata too deep": (lambda f: say(f, b'{"x":' + b"[" * 100_000), "readable JSON"),
    "metadata no text": (lambda f: say(f, b'{"x":"\xff"}'), "readable JSON"),
    "metadata half a character": (lambda f: say(f, b'{"pair":"oracle","x":"\\ud800"}'), "readable JSON"),
    "metadata NaN": (lambda f: say(f, b'{"pair":"oracle","x":NaN}'), "finite numbers"),
    "metadata 1e999": (lambda f: say(f, b'{"pair":"oracle","x":1e999}'), "readable JSON"),
    "metadata a key twice": (lambda f: say(f, b'{"pair":"oracle","pair":"shift"}'), "each key once"),
    "pair banana": (lambda f: say(f, b'{"pair":"banana"}'), "marginal or oracle or shift or matched"),
    "pair a list": (lambda f: say(f, b'{"pair":["oracle"]}'), "marginal or oracle"),
    "pair null": (lambda f: say(f, b'{"pair":null}'), "marginal or oracle"),
    "design a wish": (lambda f: say(f, b'{"pair":"oracle","design":"IID"}'), "iid or independent or complete"),
    "stopping never": (lambda f: say(f, b'{"pair":"oracle","stopping":"never"}'), "fixed or anytime"),
    "access everything": (lambda f: say(f, b'{"pair":"oracle","access":"weights"}'), "one-output"),
    "refuted by nothing": (lambda f: say(f, b'{"pair":"oracle","refuted_by":" "}'), "words, or no such key"),
    "refuted by a number": (lambda f: say(f, b'{"pair":"oracle","refuted_by":0}'), "words, or no such key"),
    "refuted by null": (lambda f: say(f, b'{"pair":"oracle","refuted_by":null}'), "words, or no such key"),
    "no pair": (lambda f: say(f, b"{}"), "the file does not say"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_score_file_is_refused_in_one_line_that_names_the_fault(tmp_path: Path, fault: str) -> None:
    path = coins(tmp_path / "s.parquet", N // 2)
    breaks, words = BROKEN[fault]
    breaks(path)
    with pytest.raises(ArgumentError) as error:
        certify_files([path])
    assert words in one_line(error)


def test_float32_rounding_above_zero_is_no_fault(tmp_path: Path) -> None:
    arm = np.repeat([0, 1], 50)
    assert certified(write_rows(tmp_path / "s.parquet", arm, np.full(100, 1e-7), np.full(100, -1e-7))).claim.upper < 0.1


def test_a_file_without_owners_takes_prompts_as_owners(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", N // 2, m=3, owners=2)
    rewrite(path, "cluster_id", None)
    assert certified(path).claim.owners == 3
