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


def test_log_likelihoods_may_come_as_jsonl(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"prompt_id": f"p{k // 4}", "arm": k % 2, "log_p": -1.0 - k % 2, "log_q": -1.5} for k in range(20)]
    (tmp_path / "mine.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    status, _, err = run(capsys, "certify", str(tmp_path / "mine.jsonl"))
    assert status == 2 and "--pair" in err.splitlines()[-1]  # nothing says what is compared
    (tmp_path / "mine.parquet").unlink()
    argv = ["certify", str(tmp_path / "mine.jsonl"), "--pair", "oracle", "--out", str(tmp_path / "c.json"), "--json"]
    status, out, err = run(capsys, *argv)
    assert status == 0 and json.loads(out)["claim"]["n"] == 20 and "score file" in err
    assert run(capsys, "check", str(tmp_path / "c.json"))[0] == 0
    assert run(capsys, "certify", str(tmp_path / "none.jsonl"))[0] == 2
