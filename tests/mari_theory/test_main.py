"""The checker as a program of its own, and other people's folders of the same names."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import mari_theory
from estimators.certify import certify_files
from mari_theory.__main__ import main
from mari_theory.errors import ArgumentError, require_own_packages
from tests.mari_theory.certificates.build import coins

ROOT = Path(mari_theory.__file__).parent.parent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate beside its evidence."""
    folder = tmp_path_factory.mktemp("certificate")
    certify_files([coins(folder / "s.parquet", 40)]).save(folder / "c.json")
    return folder / "c.json"


def elsewhere(folder: Path, *names: str) -> Path:
    """A folder with packages of these names that end whoever imports them."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program that is run in this folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_checker_runs_without_torch_and_beside_folders_of_the_same_names(certificate: Path, tmp_path: Path) -> None:
    folder = elsewhere(tmp_path, "experiments", "estimators", "proofs", "torch")
    run = python(folder, "-m", "mari_theory", "check", str(certificate))
    assert run.returncode == 0, run.stderr
    assert "the certificate is what the evidence supports" in run.stdout


def test_the_libraries_are_imported_beside_folders_of_other_peoples(tmp_path: Path) -> None:
    folder = elsewhere(tmp_path, "experiments", "proofs")
    program = (
        "import mari_theory, estimators\nfrom mari_theory.errors import require_own_packages\nrequire_own_packages('estimators')\n"
        "require_own_packages('experiments')"
    )
    run = python(folder, "-c", program)
    last = run.stderr.strip().splitlines()[-1]
    assert "ArgumentError: package experiments" in last and str(folder / "experiments") in last


def test_packages_that_are_ours_or_not_there_are_passed_over() -> None:
    require_own_packages("estimators", "experiments", "proofs", "no_package_of_this_name")
    with pytest.raises(ArgumentError, match="package json"):
        require_own_packages("json")


def test_failed_lines_bad_input_and_json(certificate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(certificate), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    data = json.loads(certificate.read_text())
    data["metadata"]["seed"] = 7
    changed = tmp_path / "c.json"
    changed.write_text(json.dumps(data))
    evidence = str(certificate.parent / "s.parquet")
    assert main(["check", str(changed), "--evidence", evidence]) == 1
    assert "the certificate is NOT" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.json")]) == 2
    assert main(["check", str(changed)]) == 2
    assert main(["check", str(changed), str(certificate), "--evidence", evidence]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 3


def test_an_error_of_a_process_of_its_own_comes_back_whole() -> None:
    """Without it a bad setting found by a worker breaks the whole pool of processes."""
    error = ArgumentError("lr", "a number above 0", object())
    back = pickle.loads(pickle.dumps(error))
    assert (
        type(back) is ArgumentError
        and str(back) == str(error)
        and (back.argument, back.allowed) == ("lr", error.allowed)
    )
