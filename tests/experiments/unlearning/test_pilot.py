"""The learning rate of training comes from running text, not from what is measured later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.config import RunConfig
from experiments.unlearning import pilot
from experiments.unlearning.pilot import Pilot, choose_rate
from mari_theory import ArgumentError
from tests.experiments.audit.small import small


@pytest.fixture
def config(models: Path) -> RunConfig:
    data = small().model_dump()
    data["model"] = {"kind": "adapter", "path": str(models / "a"), "rank": 0}
    data["train"]["steps"] = 4
    data["pilot"] = {"rates": [0.0001, 1.0]}
    return RunConfig(**data)


def test_the_largest_rate_that_leaves_text_alone_is_taken(config: RunConfig, tmp_path: Path) -> None:
    chosen, read = choose_rate(config, tmp_path)
    assert read is not None and list(read.perplexities) == ["1", "0.0001"]  # from the largest on
    assert read.perplexities["1"] > 1.1 * read.base >= read.perplexities["0.0001"]
    assert chosen.train.lr == 0.0001 and chosen.model_copy(update={"train": config.train}) == config


def test_it_is_read_once(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = choose_rate(config, tmp_path)

    def never(*_: Any) -> Pilot:
        raise AssertionError("read again")

    monkeypatch.setattr(pilot, "_read", never)
    assert choose_rate(config, tmp_path) == first


def test_no_good_rate_and_no_language_are_told(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot, "_read", lambda *_: Pilot(20.0, {"1": 90.0}, 0.1))
    with pytest.raises(ArgumentError, match=r"pilot.rates.*within 10% of 20.0.*1: 90.0"):
        choose_rate(config, tmp_path)
    assert choose_rate(config.model_copy(update={"pilot": None}), tmp_path)[1] is None
    with pytest.raises(ArgumentError, match="pilot"):
        choose_rate(small().model_copy(update={"pilot": config.pilot}), tmp_path)


def test_it_is_left_out_where_nothing_is_trained_from_the_base(config: RunConfig, tmp_path: Path) -> None:
    ready = config.model_copy(update={"original": ("a",), "oracles": ("b", "c")})
    assert choose_rate(ready, tmp_path) == (ready, None) and not list(tmp_path.iterdir())
