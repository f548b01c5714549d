"""What measures read of a run: each thing computed once, and a level for every comparison."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.config import RunConfig
from experiments.data.encoding import encode
from experiments.measures import context
from experiments.measures.context import Measurements
from experiments.models.banks import open_bank
from experiments.models.passes import full_pass_mean
from experiments.unlearning.roles import row_of
from tests.experiments.audit.small import small


@pytest.fixture
def config() -> RunConfig:
    return small()


@pytest.fixture
def measured(finished: Path, config: RunConfig, tmp_path: Path) -> Measurements:
    shutil.copytree(finished / "models", tmp_path / "models")
    return Measurements(config, tmp_path, config.make_corpus(), open_bank(config, tmp_path))


def test_delta_is_shared_by_all_comparisons(measured: Measurements, config: RunConfig) -> None:
    """Two files a row, three methods and the original and an oracle; five detectors a file; half of delta for them (T20)."""
    assert measured.files == 2 * 5 and measured.comparisons == 5 * 10
    assert measured.comparisons * measured.detector_delta == pytest.approx((1 - config.confidence) / 2)


def test_every_reading_is_made_once(measured: Measurements, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("item_scores", "draw", "log_likelihoods", "full_pass_mean"):
        real = getattr(context, name)

        def noted(*a: Any, real: Callable[..., Any] = real, name: str = name) -> Any:
            calls.append(name)
            return real(*a)

        monkeypatch.setattr(context, name, noted)
    readings: list[Callable[[], object]] = [
        lambda: measured.scores("original", "forget"),
        lambda: measured.draws(("oracle-0",), "forget", 20),
        lambda: measured.likelihood(("original",), "forget", ("oracle-0",), 20),
        lambda: measured.laws(("original",)),
    ]
    for read in readings:
        first = read()
        count = len(calls)
        assert read() is first and len(calls) == count
    assert sorted(calls) == ["draw", *["full_pass_mean"] * 3, "item_scores", "log_likelihoods"]
    # Another split, arm or number of draws is another reading.
    assert measured.scores("original", "retain") is not measured.scores("original", "forget")
    assert len(measured.draws(("oracle-0",), "forget", 21).outputs) == 21
    assert measured.draws(("oracle-1",), "forget", 20).outputs != measured.draws(("oracle-0",), "forget", 20).outputs


def test_retain_is_read_in_two_halves_of_whole_owners(measured: Measurements) -> None:
    laws, retain = measured.laws(("original",)), measured.corpus.retain
    model, tokenizer = measured.model("original"), measured.bank.tokenizer
    whole = full_pass_mean(model, encode(tokenizer, retain, 64), 512)
    assert np.allclose(laws.retain, whole, atol=1e-9)
    own = [i for i in retain if i.owner == retain[0].owner]  # one of three owners is the first half
    assert np.allclose(laws.halves[0], full_pass_mean(model, encode(tokenizer, own, 64), 512), atol=1e-12)


def test_a_rival_is_an_oracle_and_another_model(measured: Measurements) -> None:
    assert (
        measured.rival("original") == measured.rival("oracle-0") == "oracle-1"
        and measured.rival("oracle-1") == "oracle-0"
    )


def test_evidence_says_what_it_is_about(measured: Measurements, config: RunConfig) -> None:
    said = measured.metadata("oracle", row_of(config, "MarI pooled 1"), {"name": "forget"})
    assert said["weights_sha256"] == measured.digest("MarI pooled 1") and len(said["weights_sha256"]) == 64
    assert (said["pair"], said["model"], said["seed"]) == ("oracle", "MarI pooled 1", config.seed)
    assert measured.evidence("MarI pooled 1", "oracle").name == "mari-pooled-1-oracle.parquet"
