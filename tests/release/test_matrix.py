"""Which Pythons the version matrix finds, and what it says of one that fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.release import matrix


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_that_does_not_run_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "python3.98", "echo no such version >&2; exit 127")
    program(tmp_path, "python3.99", "echo 3.99")
    program(tmp_path, "python3.97", "echo 3.11")
    here = "{}.{}".format(*sys.version_info[:2])
    assert matrix.find_python(here) == sys.executable
    assert matrix.find_python("3.99") == str(tmp_path / "python3.99")
    assert [matrix.find_python(v) for v in ("3.97", "3.98", "3.96")] == [None, None, None]


def test_what_was_not_found_is_said_and_a_failure_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / "x.whl"
    wheel.write_bytes(b"")
    outcomes = {"3.11": None, "3.12": "install: no"}
    monkeypatch.setattr(matrix, "find_python", lambda version: version if version in outcomes else None)
    monkeypatch.setattr(matrix, "first_failure", lambda python, wheel, folder: outcomes[python])
    assert matrix.main([str(wheel)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "checks a certificate" in lines[0] and "install: no" in lines[1] and "3.13: not found" in lines[2]
    del outcomes["3.12"]
    assert matrix.main([str(wheel)]) == 0
    outcomes.clear()
    assert matrix.main([str(wheel)]) == 1


def test_the_step_that_fails_is_named(tmp_path: Path) -> None:
    broken = program(tmp_path, "python", "echo one; echo broken >&2; exit 3")
    assert matrix.first_failure(str(broken), tmp_path / "x.whl", tmp_path) == "venv: broken"
