"""The installed `mari` from a folder that holds the user's own `experiments/`, `estimators/` and the other names of ours."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from experiments.cli.main import _parser
from tests.mari_theory.certificates.build import coins

ROOT = Path(__file__).parents[3]
PACKAGES = ("experiments", "estimators", "proofs", "mari_theory")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder whose packages end a program that imports one of them."""
    for package in PACKAGES:
        (tmp_path / "work" / package).mkdir(parents=True)
        (tmp_path / "work" / package / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    return tmp_path / "work"


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line typed in `folder`, with this checkout's packages installed and, on the path, `mari` as an installer writes it."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["mari"]
    module, function = entry.split(":")
    mari = folder.parent / "bin" / "mari"
    mari.parent.mkdir()
    mari.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    mari.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{mari.parent}:{os.environ['PATH']}"}
    return subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def snippets() -> list[list[str]]:
    """Every `mari ...` line of the README's shell blocks, split into words."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("mari ")]


def test_the_readme_shows_commands_that_are_understood() -> None:
    commands = snippets()
    assert {"certify", "check"} <= {words[1] for words in commands}
    for words in commands:
        assert _parser().parse_args(words[1:]).command == words[1]


def test_the_readmes_certificate_is_made_and_checked_in_such_a_folder(folder: Path) -> None:
    coins(folder / "scores.parquet")
    shown = {words[1]: shlex.join(words) for words in snippets()}
    done = shell(folder, f"{shown['certify']} && {shown['check']} --json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("\n{") :])["ok"] is True
    assert done.stderr == ""


def test_every_package_is_ours_in_such_a_folder(folder: Path) -> None:
    # Each of them imports what it needs before it says what is wrong with the request.
    line = "mari estimate --x none.npy; mari verify --theorem T0; mari report ."
    done = shell(folder, line)
    assert done.stdout == "" and "the wrong package" not in done.stderr
    lines = done.stderr.splitlines()
    assert [words.split(":")[0] for words in lines] == ["mari estimate", "mari verify", "mari report"]
    assert sorted(p.name for p in folder.iterdir()) == sorted(PACKAGES)
