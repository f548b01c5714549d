"""`mari estimate`: every kind of estimate, tables and score files, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.cli.call import run
from tests.mari_theory.certificates.build import coins, pool


def save_samples(folder: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.normal(size=(300, 2)))
    np.save(folder / "y.npy", rng.normal(size=300))
    np.save(folder / "labels.npy", rng.integers(0, 3, 300))
    (folder / "t.csv").write_text("a,b\n" + "\n".join(f"{i % 2},{i % 3}" for i in range(60)))
    return {p.stem: str(p) for p in folder.iterdir()}


@pytest.mark.parametrize(
    ("x", "y", "method"),
    [
        ("x", "y", "ksg1"),
        ("x", "y", "ksg2"),
        ("x", "labels", "ross"),
        ("labels", "labels", "mi-nsb"),
        ("labels", "labels", "mi-certified --alphabet 3 0,1,2"),
        ("labels", "labels", "jsd-certified --alphabet 4"),
        ("labels", None, "entropy-polynomial"),
        ("labels", None, "entropy-polynomial --alphabet 9"),
        ("labels", None, "entropy-certified --alphabet 0,1,2,3"),
        ("x", "y", "ksg1 --marginals copula"),
        ("y", None, "knn-entropy"),
        ("y", "y", "auc-certified --paired"),
        ("y", "y", "classifier-test"),
        ("y", "y", "mmd-test"),
    ],
)
def test_estimate_every_kind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, x: str, y: str | None, method: str
) -> None:
    files = save_samples(tmp_path)
    argv = ["estimate", "--x", files[x], *(["--y", files[y]] if y else []), "--method", *method.split()]
    status, out, err = run(capsys, *argv, "--json")
    assert status == 0 and err == "" and {"value", "p_value"} & json.loads(out).keys()
    status, out, _ = run(capsys, *argv)
    assert status == 0 and max(map(len, out.splitlines())) <= 80


def test_estimate_tables_and_score_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = save_samples(tmp_path)
    argv = (
        "estimate",
        "--x",
        files["t"],
        "--x-column",
        "a",
        "--y",
        files["t"],
        "--y-column",
        "b",
        "--method",
        "mi-plug-in",
    )
    status, out, _ = run(capsys, *argv, "--json")
    assert status == 0 and abs(json.loads(out)["value"]) < 1e-12
    scores = coins(tmp_path / "s.parquet")
    status, out, _ = run(capsys, "estimate", "--scores", str(scores), "--json")
    assert status == 0 and len(json.loads(out)["estimates"]) == 2
    status, out, _ = run(capsys, "estimate", "--pools", str(pool(tmp_path / "p.npz")), "--json")
    assert status == 0 and json.loads(out)["interval"]["theorem"] == "T17"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--x", "{y}", "--method", "ksg1"], "second sample"),
        (["--x", "{y}", "--y", "{y}", "--method", "ksgg1"], "ksg1"),
        (["--x", "{y}", "--y", "{y}", "--method", "entropy-nsb"], "no second sample"),
        (["--x", "nothing.npy", "--y", "{y}"], "existing file"),
        (["--x", "{t}", "--x-column", "z", "--method", "entropy-nsb"], "a, b"),
        ([], "a sample file"),
        (["--x", "{y}", "--y", "{labels}", "--k", "300"], "more than k"),
        (["--x", "{y}", "--y", "{y}", "--method", "auc-certified", "--confidence", "2"], "confidence"),
        (["--x", "{y}", "--y", "{y}", "--method", "auc-certified"], "move together"),
        (["--x", "{labels}", "--method", "entropy-certified"], "those seen are not all"),
        (["--x", "{labels}", "--method", "entropy-certified", "--alphabet", "0,1"], "got 2"),
        (["--x", "{y}", "--y", "{y}", "--marginals", "ranks"], "copula"),
    ],
)
def test_estimate_refuses_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str], words: str
) -> None:
    files = save_samples(tmp_path)
    status, out, err = run(capsys, "estimate", *(a.format(**files) for a in argv))
    assert status == 2 and out == "" and err.count("\n") == 1 and words in err
