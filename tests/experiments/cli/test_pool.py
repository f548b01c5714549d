"""`mari pool`: complete sets, or samples with `--sampled`, to a pool file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from mari_theory.certificates.files import read_pool
from tests.experiments.cli.call import run


def test_sets_are_complete_unless_they_are_called_samples(
    capsys: pytest.CaptureFixture[str], models: Path, corpus: Corpus, tmp_path: Path
) -> None:
    files = []
    for name, items in (("retain", corpus.retain), ("forget", corpus.forget)):
        write_prompts(tmp_path / f"{name}.jsonl", items)
        files += [f"--{name}", str(tmp_path / f"{name}.jsonl")]
    n, m = len(corpus.retain), len(corpus.forget)
    argv = ["pool", "--model", str(models / "a"), *files, "--out", str(tmp_path / "p.npz")]
    status, out, _ = run(capsys, *argv)
    assert status == 0 and out.startswith(f"{n} retain and {m} forget items pooled in ") and "mari certify" in out
    complete = read_pool(tmp_path / "p.npz")
    status, out, _ = run(capsys, *argv, "--sampled", "--json")
    sampled = read_pool(tmp_path / "p.npz")
    assert status == 0 and json.loads(out) == {"n": n, "forget": m, "share": 1.0, "out": str(tmp_path / "p.npz")}
    assert complete.metadata["finite_population"] and not sampled.metadata["finite_population"]
    # The mixture of the complete sets, by hand from the two sampled sides.
    share = m / (n + m)
    assert complete.q_mean == pytest.approx((1 - share) * sampled.p_mean + share * sampled.q_mean, abs=1e-15)
