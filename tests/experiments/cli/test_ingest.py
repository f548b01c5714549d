"""`mari ingest`: what it prints, and certificates that `mari check` derives again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.cli.ingest import items_in
from mari_theory import ArgumentError
from tests.experiments.cli.call import run
from tests.experiments.interop.logs import losses, metrics, write


def folders(tmp_path: Path) -> list[str]:
    tables = {"unlearned model": losses(1, 20, 0.2), "retrained": losses(2, 20), "again": losses(3, 20)}
    return [
        str(write(tmp_path / name / "TOFU_EVAL.json", metrics(table)).parent)
        for name, table in (*tables.items(), ("original", losses(4, 20, 2.0)))
    ]


def test_logs_to_a_checked_certificate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    u, r, s, f = folders(tmp_path)
    out = tmp_path / "out"
    status, text, _ = run(capsys, "ingest", u, "--oracle", r, s, "--original", f, "--margin", "0.02", "--out", str(out))
    assert status == 0 and max(map(len, text.splitlines())) <= 80
    assert "unlearned model against retrained, again" in text and "(margin 0.02)" in text and "float32" in text
    status, text, _ = run(capsys, "check", str(out / "unlearned.json"), "--floor", str(out / "floor.json"))
    assert status == 0 and "is what the evidence supports" in text and "beyond the floor" in text
    status, text, err = run(capsys, "ingest", u, "--oracle", r, "--out", str(out), "--json")
    data = json.loads(text)
    assert status == 0 and not err and data["verdict"] == data["certificates"]["unlearned"]["verdict"]
    assert set(data["numbers"]) == {"forget_quality", "truth_ratio, forget"} and data["choices"]["items"] == 20


def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    u, r, *_ = folders(tmp_path)
    short = str(write(tmp_path / "short.json", metrics(losses(5, 19))))
    for argv in ([u, "--oracle", short], [u, "--oracle", str(tmp_path)], [u, "--oracle", r, "--clean", "a-b"]):
        status, text, err = run(capsys, "ingest", *argv, "--out", str(tmp_path / "out"))
        assert status == 2 and not text and err.startswith("mari ingest: ") and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_items_are_numbers_and_ranges() -> None:
    assert items_in("") == [] and items_in("3, 5-7") == [3, 5, 6, 7]
    for text in ("x", "1-", "-3", "1,,2"):
        with pytest.raises(ArgumentError, match="--clean"):
            items_in(text)
