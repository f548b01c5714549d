"""`mari bench`: the old name of `mari study`."""

from __future__ import annotations

import pytest

from experiments.studies import STUDY_QUESTIONS
from tests.experiments.cli.call import run


def test_study_names_its_studies_and_bench_says_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    names = set(STUDY_QUESTIONS)
    assert {line.split()[0] for line in run(capsys, "study")[1].splitlines()} == names
    status, out, err = run(capsys, "bench")
    assert status == 0 and {line.split()[0] for line in out.splitlines()} == names
    assert err.count("\n") == 1 and "mari study" in err
    for name in ("coverage", "estimators", "mistakes", "speed"):
        status, out, err = run(capsys, "bench", name)
        assert status == 2 and out == "" and err.count("\n") == 1 and f"python -m benchmarks {name}" in err
    assert run(capsys, "bench", "speeed")[0] == 2
