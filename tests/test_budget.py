"""The budget's checker: a number above its ceiling fails by name, and what cannot be read is one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import budget
from tests.cpu_time import RECORD

NOW = {"test_cpu_seconds": 12, "core_dependencies": 2, "public_names": 6, "readme_lines": 3, "python_lines": 12}
INIT = """from numpy import array as array, linalg
from os import path as _path
from json import loads as loads

__version__ = "1"
__all__ = ["lazy", "loads"]
LIMIT: float = 1.0


def public() -> None: ...
def _private() -> None: ...
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small project with the numbers `NOW`, exactly at its ceilings."""
    files = {
        "pyproject.toml": '[project]\ndependencies = ["numpy>=1", "scipy"]\n',
        "README.md": "one\n\nthree\n",
        "mari_theory/__init__.py": INIT,
        "estimators/__init__.py": "",
        "experiments/__init__.py": "class Named: ...\n",
        "tests/test_x.py": "not counted\n" * 50,
        "ignored.py": "not counted\n",
        ".gitignore": "ignored.py\n.cache/\n",
        str(RECORD): json.dumps({"cpu_seconds": 12}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    write_ceilings(tmp_path)
    return tmp_path


def write_ceilings(root: Path, **changed: object) -> None:
    lines = [f"{key} = {value}" for key, value in (NOW | changed).items() if value is not None]
    (root / "budget.toml").write_text("\n".join(lines) + "\n")


def test_numbers_at_their_ceilings_pass(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {cost.key: cost.measure(checkout) for cost in budget.COSTS} == NOW
    assert budget.main(checkout) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 + len(NOW) and err == ""


@pytest.mark.parametrize("key", NOW)
def test_a_number_above_its_ceiling_fails_by_name(checkout: Path, capsys: pytest.CaptureFixture[str], key: str) -> None:
    write_ceilings(checkout, **{key: NOW[key] - 1})
    assert budget.main(checkout) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and key in err and f"{NOW[key]} is above {NOW[key] - 1}" in err
    assert "a commit of its own that says why" in err


def test_a_new_file_counts_before_it_is_committed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "estimators" / "more.py").write_text("x = 1\n")
    assert budget.main(checkout) == 1
    assert "Python lines outside tests: 13 is above 12" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "budget.toml: expected a file"),
        ("readme_lines = ", "readable TOML"),
        ("readme_lines = 3\n", "budget.toml, keys"),
        ({"readme_lines": '"3"'}, "readme_lines: expected a number"),
        ({"readme_lines": "nan"}, "readme_lines: expected a number"),
        ({"readme_lines": "true"}, "readme_lines: expected a number"),
        ({"readme_words": 3}, "budget.toml, keys"),
    ],
)
def test_a_budget_that_cannot_be_read_is_one_line(
    checkout: Path, capsys: pytest.CaptureFixture[str], text: str | dict[str, object] | None, words: str
) -> None:
    if text is None:
        (checkout / "budget.toml").unlink()
    elif isinstance(text, str):
        (checkout / "budget.toml").write_text(text)
    else:
        write_ceilings(checkout, **text)
    assert budget.main(checkout) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err


def test_without_a_run_of_the_tests_there_is_no_answer(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / RECORD).unlink()
    assert budget.main(checkout) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "make test" in err


CONFIG = '[pytest]\ntestpaths = test_small.py\naddopts = -q -m "not long"\nmarkers = long\n'
CONFTEST = """import pytest
from tests.cpu_time import CpuTime

def pytest_configure(config):
    config.pluginmanager.register(CpuTime(config.rootpath))
"""
SMALL = """import subprocess, sys, time
BURN = "import time\\nwhile time.process_time() < 0.3: pass"

def test_child() -> None:
    subprocess.run([sys.executable, "-c", BURN], check=True)

def test_itself() -> None:
    end = time.process_time() + 0.3
    while time.process_time() < end: pass
"""


def test_a_whole_run_writes_down_all_its_processes_and_a_part_nothing(tmp_path: Path) -> None:
    for name, text in {"pytest.ini": CONFIG, "conftest.py": CONFTEST, "test_small.py": SMALL}.items():
        (tmp_path / name).write_text(text)

    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def seconds(*argv: str) -> float | None:
        (tmp_path / RECORD).unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", *argv]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
        return budget.fast_test_seconds(tmp_path) if (tmp_path / RECORD).is_file() else None

    alone, shared = seconds("-n", "0"), seconds("-n", "2")
    assert alone is not None and alone >= 0.6
    assert shared is not None and shared >= 0.6
    assert seconds("-n", "0", "-k", "child") is None
    assert seconds("-n", "0", "test_small.py") is None
