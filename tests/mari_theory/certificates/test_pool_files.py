"""Pool files, broken and whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError
from mari_theory.certificates.files import read_pool
from tests.mari_theory.certificates.build import one_line, pool

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
