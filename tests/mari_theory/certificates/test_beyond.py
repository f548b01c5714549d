"""The difference of two certificates: what it holds, and what may not be subtracted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from estimators.certify import certify_files
from mari_theory import Certificate
from mari_theory.certificates.beyond import beyond
from mari_theory.certificates.files import write_options
from mari_theory.errors import ArgumentError

ORACLES, OTHERS, ROW = [0.5, 0.3, 0.2], [0.45, 0.35, 0.2], [0.1, 0.2, 0.7]


def certified(path: Path, law: list[float], **metadata: object) -> Certificate:
    """Oracles against one other law on one prompt."""
    laws = np.array([ORACLES, law])
    columns = {
        "prompt_id": ["a"] * 6,
        "cluster_id": ["who"] * 6,
        "place": [0] * 6,
        "option": ["x", "y", "z"] * 2,
        "arm": np.repeat([0, 1], 3),
        "model": np.repeat(["oracle", "other"], 3).tolist(),
        "log_weight": np.log(laws).ravel(),
    }
    said = {"pair": "oracle", "access": "choice", "channel": "three answers", "arm_p": {"oracle": "0" * 64}}
    write_options(path, columns, {**said, "prompts": {"name": "forget", "count": 1}, **metadata})
    return certify_files([path], confidence=0.95, margin=0.02)


def divergence(q: list[float]) -> float:
    p, mean = np.array(ORACLES), (np.array(ORACLES) + np.array(q)) / 2
    return float((p * np.log(p / mean)).sum() + (np.array(q) * np.log(np.array(q) / mean)).sum()) / 2


def test_it_holds_the_difference_and_is_as_wide_as_rounding(tmp_path: Path) -> None:
    own, floor = certified(tmp_path / "u.parquet", ROW), certified(tmp_path / "f.parquet", OTHERS)
    found = beyond(own, floor)
    assert found.lower <= divergence(ROW) - divergence(OTHERS) <= found.upper and found.upper - found.lower < 1e-9
    assert found.lower < own.claim.lower - floor.claim.upper and found.upper > own.claim.upper - floor.claim.lower
    assert found.margin == 0.02 and found.verdict == "more detectable" and "more detectable" in str(found)
    assert beyond(floor, own).verdict == "as a retraining" and beyond(own, floor, 0.5).verdict == "as a retraining"


def test_errors_of_the_two_add(tmp_path: Path) -> None:
    own, floor = certified(tmp_path / "u.parquet", ROW), certified(tmp_path / "f.parquet", OTHERS)
    assert beyond(own, floor).confidence == pytest.approx(own.claim.confidence + floor.claim.confidence - 1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arm_p": {"oracle": "1" * 64}}, "floor, arm_p"),
        ({"prompts": {"name": "retain", "count": 1}}, "floor, prompts"),
        ({"access": "first-token"}, "floor, access"),
        ({"channel": "three other answers"}, "floor, channel"),
        ({"pair": "shift"}, "floor, pair"),
    ],
)
def test_other_oracles_prompts_or_access_are_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    own, floor = certified(tmp_path / "u.parquet", ROW), certified(tmp_path / "f.parquet", OTHERS, **change)
    with pytest.raises(ArgumentError, match=words):
        beyond(own, floor)


def test_only_against_oracles_and_never_what_was_refuted(tmp_path: Path) -> None:
    shift = certified(tmp_path / "s.parquet", ROW, pair="shift")
    with pytest.raises(ArgumentError, match="certificate, pair"):
        beyond(shift, shift)
    own = certified(tmp_path / "u.parquet", ROW, refuted_by="a detector")
    with pytest.raises(ArgumentError, match="no detector refuted"):
        beyond(own, certified(tmp_path / "f.parquet", OTHERS))


def test_a_closed_gate_withholds_this_verdict_too(tmp_path: Path) -> None:
    own = certified(tmp_path / "u.parquet", ROW, gate_failed="on retain questions 0.2 nats")
    found = beyond(own, certified(tmp_path / "f.parquet", OTHERS))
    assert own.no_verdict == "gate-failed" and found.verdict is None and "no verdict" in str(found)
