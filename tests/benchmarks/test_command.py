"""`python -m benchmarks`, and where it stands: beside the packages, not in the wheel, and nothing rests on it."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, main

ROOT = Path(__file__).parents[2]


def test_without_a_name_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(BENCHMARKS)


def test_every_name_runs_something() -> None:
    assert all(callable(import_module(f"benchmarks.{name}").main) for name in BENCHMARKS)


def test_another_name_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "coverage" in err


def test_the_wheel_has_no_benchmarks_and_the_grid_of_the_methods_study() -> None:
    find_packages = pytest.importorskip("setuptools").find_namespace_packages
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = find_packages(str(ROOT), include=settings["packages"]["find"]["include"])
    assert "experiments.studies.methods" in packages and not any(p.startswith("benchmarks") for p in packages)
    data = {p for pattern in settings["package-data"]["experiments"] for p in (ROOT / "experiments").glob(pattern)}
    assert ROOT / "experiments" / "studies" / "methods" / "grid.yaml" in data
