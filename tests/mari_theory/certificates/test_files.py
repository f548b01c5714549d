"""The one reader of evidence: every broken shape, every way to count rows twice, every way to mix what differs."""

from __future__ import annotations

import json
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
from mari_theory.certificates.files import read_pool, read_scores, row_digest, sha256, strict_json, write_scores
from tests.mari_theory.certificates.build import certified, coin_rows, coins, option_file, pool, write_rows

N = 400


def one_line(error: pytest.ExceptionInfo[ArgumentError]) -> str:
    said = str(error.value)
    assert "\n" not in said and said.isprintable() and "expected" in said and "got" in said, said
    return said


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


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (lambda f: f.write_bytes(f.read_bytes()[:-200]), "Parquet"),
    "damaged in the middle": (lambda f: f.write_bytes(f.read_bytes()[:100] + b"\0" * 400 + f.read_bytes()[500:]), ""),
    "not parquet": (lambda f: f.write_bytes(b"hello world, this is no parquet"), "Parquet score or option file"),
    "empty": (lambda f: f.write_bytes(b""), "Parquet score or option file"),
    "missing": (lambda f: f.unlink(), "existing file"),
    "a folder": (lambda f: (f.unlink(), f.mkdir()), "existing file"),
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


@pytest.mark.parametrize("width", [pa.float32(), pa.float64()])
def test_float32_likelihoods_are_widened_and_their_certificate_checks(tmp_path: Path, width: pa.DataType) -> None:
    path = coins(tmp_path / "s.parquet", N // 2)
    for name in ("log_p", "log_q"):
        rewrite(path, name, pq.read_table(path)[name].cast(width).combine_chunks())
    assert read_scores(path).log_p.dtype == np.float64
    certified(path)


def test_float32_rounding_above_zero_is_no_fault(tmp_path: Path) -> None:
    arm = np.repeat([0, 1], 50)
    assert certified(write_rows(tmp_path / "s.parquet", arm, np.full(100, 1e-7), np.full(100, -1e-7))).claim.upper < 0.1


@pytest.mark.parametrize("text", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_columns_of_any_arrow_kind_are_one_file(tmp_path: Path, text: pa.DataType) -> None:
    path = coins(tmp_path / "s.parquet", N // 2, m=3)
    digest = row_digest(path)
    rewrite(path, "prompt_id", pq.read_table(path)["prompt_id"].cast(text).combine_chunks())
    assert row_digest(path) == digest
    certified(path)


def test_a_file_without_owners_takes_prompts_as_owners(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", N // 2, m=3, owners=2)
    rewrite(path, "cluster_id", None)
    assert certified(path).claim.owners == 3


# Rows that would count twice.


def reordered(path: Path, out: Path, **how: Any) -> Path:
    table = pq.read_table(path)
    shuffle = np.random.default_rng(5).permutation(table.num_rows)
    pq.write_table(table.take(shuffle), out, **how)
    return out


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    with pytest.raises(ArgumentError, match="each file once") as error:
        read_scores(path, path)
    one_line(error)


def test_a_copy_under_another_name_is_refused(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    (tmp_path / "t.parquet").write_bytes(path.read_bytes())
    with pytest.raises(ArgumentError, match=r"t\.parquet, a copy of s\.parquet"):
        read_scores(path, tmp_path / "t.parquet")


@pytest.mark.parametrize("how", [{"compression": "none"}, {"compression": "gzip"}, {"row_group_size": 7}], ids=str)
def test_the_same_rows_reordered_and_recompressed_are_refused(tmp_path: Path, how: dict[str, Any]) -> None:
    path = coins(tmp_path / "s.parquet", m=4)
    other = reordered(path, tmp_path / "t.parquet", **how)
    assert sha256(path) != sha256(other) and row_digest(path) == row_digest(other)
    with pytest.raises(ArgumentError, match=r"the rows of s\.parquet"):
        read_scores(path, other)


def test_a_draw_twice_in_one_file_is_refused(tmp_path: Path) -> None:
    draw = np.concatenate([np.arange(200), np.arange(200)])
    draw[17] = 16
    with pytest.raises(ArgumentError, match=r"draw 16 of arm 0, seed null, 2 times"):
        read_scores(coins(tmp_path / "s.parquet", draw=draw))


def test_the_same_draw_number_in_both_arms_is_two_draws(tmp_path: Path) -> None:
    certified(coins(tmp_path / "s.parquet", draw=np.tile(np.arange(200), 2)))


def test_a_draw_twice_across_files_of_one_seed_is_refused(tmp_path: Path) -> None:
    draw = np.tile(np.arange(200), 2)
    a, b = coins(tmp_path / "a.parquet", seed=0, draw=draw), coins(tmp_path / "b.parquet", seed=1, draw=draw)
    with pytest.raises(ArgumentError, match="each draw of an arm and seed once"):
        read_scores(a, b)


def test_the_same_draw_numbers_of_two_seeds_are_different_draws(tmp_path: Path) -> None:
    draw = np.tile(np.arange(200), 2)
    rows = [np.random.default_rng(s) for s in (0, 1)]
    arm = np.repeat([0, 1], 200)
    files = [
        write_rows(tmp_path / f"{k}.parquet", arm, *coin_rows(0.3, 0.5, arm, r), draw=draw, seed=k)
        for k, r in enumerate(rows)
    ]
    made = certified(files)
    assert made.claim.n == 800 and made.metadata["seed"] == [0, 1] and "distinct-draws" in made.assumptions


def test_one_block_written_twice_into_a_file_is_refused(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", 100, m=5)
    pq.write_table(pa.concat_tables([pq.read_table(path)] * 2), tmp_path / "t.parquet")
    with pytest.raises(ArgumentError, match="the same 200 rows repeated"):
        read_scores(tmp_path / "t.parquet")


def test_two_prompts_with_equal_outcomes_are_not_taken_for_a_block(tmp_path: Path) -> None:
    arm = np.tile([0, 1], 20)
    read_scores(write_rows(tmp_path / "s.parquet", arm, np.full(40, -1.0), np.full(40, -2.0)))


# Files that do not belong together.

DISAGREE: dict[str, tuple[Any, Any]] = {
    "pair": ("oracle", "shift"),
    "arm_p": ([{"model": "A", "weights": "1"}], [{"model": "C", "weights": "1"}]),
    "arm_q": ("B", "D"),
    "weights_sha256": ("aa", "bb"),
    "decoding": ({"temperature": 1.0}, {"temperature": 0.7}),
    "prompts": ("forget10", "forget05"),
    "template": ("plain", "chat"),
    "design": ("iid", "independent"),
    "stopping": ("fixed", "anytime"),
    "access": ("one-output", "first-token"),
}


@pytest.mark.parametrize("key", DISAGREE)
def test_files_that_disagree_are_refused_by_the_key(tmp_path: Path, key: str) -> None:
    first, second = DISAGREE[key]
    a = coins(tmp_path / "a.parquet", seed=0, **{"design": None, key: first})
    b = coins(tmp_path / "b.parquet", seed=1, **{"design": None, key: second})
    with pytest.raises(ArgumentError, match=rf"^files, {key}: expected .* as in a\.parquet, got .* in b\.parquet$"):
        certify_files([a, b])


def test_a_file_that_says_less_disagrees(tmp_path: Path) -> None:
    a, b = coins(tmp_path / "a.parquet", seed=0), coins(tmp_path / "b.parquet", seed=1, design=None)
    with pytest.raises(ArgumentError, match=r"^files, design"):
        certify_files([a, b])


def test_the_first_key_of_several_is_named(tmp_path: Path) -> None:
    a = coins(tmp_path / "a.parquet", seed=0, template="x", decoding="x")
    b = coins(tmp_path / "b.parquet", seed=1, template="y", decoding="y", pair="shift")
    with pytest.raises(ArgumentError, match=r"^files, pair"):
        certify_files([a, b])


def test_what_files_say_differently_elsewhere_is_listed_not_dropped(tmp_path: Path) -> None:
    files = [coins(tmp_path / f"{k}.parquet", seed=k, host=f"h{k}", note="same") for k in range(3)]
    said = read_scores(*files).metadata
    assert said["host"] == ["h0", "h1", "h2"] and said["note"] == "same"


def test_kinds_of_evidence_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="files of one kind"):
        certify_files([coins(tmp_path / "s.parquet"), pool(tmp_path / "p.npz")])
    with pytest.raises(ArgumentError, match="one option file"):
        certify_files([option_file(tmp_path / "a.parquet"), option_file(tmp_path / "b.parquet", 1)])


# Pools, JSON, writing.

BROKEN_POOLS: dict[str, dict[str, Any]] = {
    "negative": {"p_mean": np.array([1.5, -0.5])},
    "unnormalised": {"q_mean": np.array([0.5, 0.50001])},
    "nan": {"p_mean": np.array([np.nan, 1.0])},
    "mismatched vocabularies": {"p_mean": np.array([0.5, 0.25, 0.25])},
    "two-dimensional": {"p_mean": np.full((2, 2), 0.25), "q_mean": np.full((2, 2), 0.25)},
    "float32 means": {"p_mean": np.array([0.5, 0.5], np.float32)},
    "no counts": {"n": np.int64(0)},
    "half a count": {"n": np.float64(5.5)},
    "counts a list": {"m": np.array([5, 5])},
    "missing array": {"p_mean": None},
    "pickled": {"p_mean": np.array([{}, {}], dtype=object)},
    "metadata [1]": {"metadata": np.array("[1]")},
    "metadata no JSON": {"metadata": np.array("{")},
    "pair banana": {"metadata": np.array('{"pair": "banana"}')},
    "no pair": {},
    "finite_population a word": {"metadata": np.array('{"pair": "marginal", "finite_population": "yes"}')},
}


@pytest.mark.parametrize("fault", BROKEN_POOLS)
def test_a_broken_pool_file_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    arrays: dict[str, Any] = {
        "p_mean": np.array([0.5, 0.5]),
        "q_mean": np.array([0.5, 0.5]),
        "n": np.int64(5),
        "m": np.int64(5),
    }
    arrays = {k: v for k, v in {**arrays, **BROKEN_POOLS[fault]}.items() if v is not None}
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(ArgumentError) as error:
        certify_files([tmp_path / "p.npz"])
    one_line(error)


def test_a_truncated_pool_file_is_refused(tmp_path: Path) -> None:
    path = pool(tmp_path / "p.npz", True)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ArgumentError, match="complete NPZ"):
        read_pool(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "\ufeff{}",
        "[" * 100_000,
        "NaN",
        '{"a": Infinity}',
        '{"a": 1e400}',
        "1" * 5000,
        '{"a": 1, "a": 2}',
        '"\\udfff"',
    ],
)
def test_json_that_readers_may_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError) as error:
        strict_json(text.encode(), "this file")
    assert one_line(error).startswith("this file: expected")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((ArgumentError, KeyError)):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "oracle"})
    with pytest.raises(ArgumentError, match="pair"):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "other"})
    assert list(tmp_path.iterdir()) == []


def test_metadata_travels(tmp_path: Path) -> None:
    said = read_scores(coins(tmp_path / "s.parquet", note={"a": [1, None]})).metadata
    assert json.loads(json.dumps(said)) == {"pair": "oracle", "design": "iid", "note": {"a": [1, None]}}
