"""What is kept of a measured model: typed, frozen, the same after JSON."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from experiments.audit.results import Run
from experiments.measures.result import DetectorPoint, Row, finite


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_no_number_is_kept_as_none(value: float) -> None:
    assert finite(value) is None


def test_numbers_of_numpy_and_torch_are_kept_as_python_s() -> None:
    import torch

    for value in (np.float32(0.25), np.int64(3), torch.tensor(0.25), True):
        assert type(finite(value)) is float
    assert finite(np.float32(0.25)) == 0.25


def test_a_row_is_the_same_after_json_and_knows_its_best_attack(finished: Path) -> None:
    for row in Run.load(finished).rows:
        assert Row.model_validate_json(row.model_dump_json(by_alias=True)) == row
        assert row.oracle is row.pairs["oracle"].certificate
        areas = [a.auc for a in row.attacks]
        assert row.best_attack == max(max(x, 1 - x) for x in areas) == row.measures["best_attack"]


def test_records_are_frozen_and_know_every_key() -> None:
    point = DetectorPoint(fpr=0.1, tpr=0.2, accuracy=0.5, jsd_lower=0.0, tv_lower=0.0)
    with pytest.raises(ValidationError, match="frozen"):
        point.fpr = 0.3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        DetectorPoint(**point.model_dump(), auc=0.5)  # type: ignore[call-arg]
