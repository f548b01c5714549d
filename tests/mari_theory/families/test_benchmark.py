"""The forty tasks of the benchmark."""

from __future__ import annotations

import pytest

from mari_theory.families import (
    BMI_TASKS,
)


def test_benchmark_has_all_forty_tasks_and_its_printed_values() -> None:
    assert len(BMI_TASKS) == 40
    for name, value in {
        "1v1-normal-0.75": 0.413,
        "1v1-additive-0.1": 1.709,
        "multinormal-dense-50-50-0.5": 1.620,
    }.items():
        assert BMI_TASKS[name].mutual_information() == pytest.approx(value, abs=5e-3)
