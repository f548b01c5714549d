"""Any evidence that can be drawn is refused in one line, or its certificate holds and says nothing beyond it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimators.certify import certify_files
from mari_theory import ArgumentError, check
from mari_theory.certificates.arrangement import SAMPLED
from mari_theory.certificates.certificate import parse
from mari_theory.certificates.files import Pool, write_options, write_pool, write_scores
from mari_theory.strategies import json_edits, option_rows, pooled_means, score_rows
from tests.mari_theory.certificates.build import coins
from tests.mari_theory.certificates.judge import stronger

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def agrees_or_is_refused(paths: Sequence[Path], **asked: Any) -> None:
    try:
        made = certify_files(paths, **asked)
    except ArgumentError as error:
        assert "\n" not in str(error) and "expected" in str(error)
        return
    assert [str(x) for x in check(made, list(paths)) if not x.ok] == []
    assert parse(made.data()) == made
    assert all("\n" not in line for line in (str(made), *made.explain()))


@QUICK
@given(
    score_rows(),
    st.sampled_from([None, *SAMPLED]),
    st.sampled_from([0.0, 0.01, 0.2, 0.7]),
    st.sampled_from(
        [{}, {"simultaneous": True}, {"trust": "none"}, {"population": "prompts-like-these"}, {"owner": "o0"}]
    ),
)
def test_any_score_file(made: Any, interval: str | None, margin: float, asked: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.parquet"
        write_scores(path, made[0], made[1])
        agrees_or_is_refused([path], interval=interval, margin=margin, **asked)


@QUICK
@given(option_rows(), st.sampled_from([0.0, 0.01, 0.2]))
def test_any_option_file(made: Any, margin: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "o.parquet"
        write_options(path, made[0], made[1])
        agrees_or_is_refused([path], margin=margin)


@QUICK
@given(pooled_means(), st.sampled_from([None, "pooled-bounded-differences"]))
def test_any_pool_file(made: Any, interval: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.npz"
        write_pool(path, Pool(*made))
        agrees_or_is_refused([path], interval=interval)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A score file and its certificate."""
    path = coins(tmp_path_factory.mktemp("honest") / "s.parquet", 40, m=2)
    return path, certify_files([path]).data()


@QUICK
@given(st.data())
def test_any_edit_of_a_certificate(honest: tuple[Path, dict[str, Any]], data: st.DataObject) -> None:
    path, certificate = honest
    try:
        edited = parse(data.draw(json_edits(certificate)))
        holds = all(x.ok for x in check(edited, [path]))
    except ArgumentError as error:
        assert "\n" not in str(error)
    else:
        assert not holds or stronger(edited, [path]) is None
