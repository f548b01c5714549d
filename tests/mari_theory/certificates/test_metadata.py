"""What files say of themselves, and where they disagree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError
from mari_theory.certificates.files import read_scores, strict_json
from tests.mari_theory.certificates.build import coins, one_line

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


def test_metadata_travels(tmp_path: Path) -> None:
    said = read_scores(coins(tmp_path / "s.parquet", note={"a": [1, None]})).metadata
    assert json.loads(json.dumps(said)) == {"pair": "oracle", "design": "iid", "note": {"a": [1, None]}}
