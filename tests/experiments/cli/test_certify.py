"""`mari certify`: what it prints, how long it may take, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.cli.call import run
from tests.mari_theory.certificates.build import coins, pool


def test_human_output_fits_eighty_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(capsys, "certify", str(coins(tmp_path / "s.parquet")))
    assert status == 0 and max(map(len, out.splitlines())) <= 80


def test_certify_is_fast_on_many_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet", 100_000)
    status, out, _ = run(capsys, "certify", str(evidence), "--json")
    claim = json.loads(out)["claim"]
    assert status == 0 and claim["upper"] - claim["lower"] < 0.002
    assert np.isfinite(claim["estimate"])


def test_a_pool_file_refuses_an_interval_it_does_not_know(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, _, err = run(capsys, "certify", str(pool(tmp_path / "p.npz")), "--interval", "betting")
    assert status == 2 and "pooled-fast-rate" in err
