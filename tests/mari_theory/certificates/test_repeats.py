"""Evidence that comes twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mari_theory import ArgumentError
from mari_theory.certificates.files import read_scores, row_digest, sha256
from tests.mari_theory.certificates.build import certified, coin_rows, coins, one_line, write_rows


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
