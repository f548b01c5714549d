"""`mari bench`: its list of names."""

from __future__ import annotations

import pytest

from tests.experiments.cli.call import run


def test_bench_names_its_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "bench")[1].split() == [
        "attribution",
        "blindness",
        "coverage",
        "estimators",
        "matched",
        "methods",
        "mistakes",
        "objections",
        "rounds",
        "speed",
    ]
    assert run(capsys, "bench", "speeed")[0] == 2
