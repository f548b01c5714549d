"""Columns of any width and kind are one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mari_theory.certificates.files import read_scores, row_digest
from tests.mari_theory.certificates.build import certified, coins
from tests.mari_theory.certificates.test_score_files import N, rewrite


@pytest.mark.parametrize("width", [pa.float32(), pa.float64()])
def test_float32_likelihoods_are_widened_and_their_certificate_checks(tmp_path: Path, width: pa.DataType) -> None:
    path = coins(tmp_path / "s.parquet", N // 2)
    for name in ("log_p", "log_q"):
        rewrite(path, name, pq.read_table(path)[name].cast(width).combine_chunks())
    assert read_scores(path).log_p.dtype == np.float64
    certified(path)


@pytest.mark.parametrize("text", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_columns_of_any_arrow_kind_are_one_file(tmp_path: Path, text: pa.DataType) -> None:
    path = coins(tmp_path / "s.parquet", N // 2, m=3)
    digest = row_digest(path)
    rewrite(path, "prompt_id", pq.read_table(path)["prompt_id"].cast(text).combine_chunks())
    assert row_digest(path) == digest
    certified(path)
