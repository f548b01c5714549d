"""`python -m tests.release.matrix WHEEL`: install the wheel under every supported Python that is here, and use it.

In an environment of its own and an empty folder: `mari --help`, `mari check` on a certificate, every module that needs no torch.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from estimators.certify import certify_files
from mari_theory.errors import require
from tests.mari_theory.certificates.build import coins

VERSIONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[2]
# What a module of these packages may ask for beyond the core dependencies, and say so when it is not there.
OPTIONAL = ("dask", "distributed", "hypothesis", "matplotlib", "numba", "pandas", "sklearn", "sympy", "torch", "triton")
IMPORTS = f"""
import importlib, pkgutil, sys
import mari_theory, estimators, proofs, experiments.cli.main
for package in (mari_theory, estimators, proofs, experiments):
    assert "site-packages" in package.__file__, package.__file__
for package in (mari_theory, estimators):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as e:
            assert e.name.split(".")[0] in {OPTIONAL}, e
"""


def find_python(version: str) -> str | None:
    """A working interpreter of this version: the one that runs this, or one on the path."""
    candidates = [sys.executable, shutil.which(f"python{version}")]
    return next((path for path in candidates if path and version_of(path) == version), None)


def version_of(python: str) -> str | None:
    """`major.minor`, or nothing where the program does not run."""
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def write_certificate(folder: Path) -> Path:
    """A small certificate beside its evidence."""
    path = folder / "certificate.json"
    certify_files([coins(folder / "scores.parquet")]).save(path)
    return path


def first_failure(python: str, wheel: Path, folder: Path) -> str | None:
    """Install and use the wheel in `folder`; what failed first, with its last line, or nothing."""
    environment = folder / "environment"
    program = environment / "bin" / "python"
    certificate = write_certificate(folder)
    steps = {
        "venv": [python, "-m", "venv", str(environment)],
        "install": [str(program), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel)],
        "mari --help": [str(program.with_name("mari")), "--help"],
        "mari check": [str(program.with_name("mari")), "check", str(certificate)],
        "imports": [str(program), "-c", IMPORTS],
    }
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for name, command in steps.items():
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
            return f"{name}: {lines[-1]}"
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """A line for each version; 1 when one that was found fails, or none was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.matrix", description=__doc__)
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args(argv).wheel.resolve()
    require(wheel.is_file(), "wheel", "an existing file", wheel)
    outcomes = []
    for version in VERSIONS:
        python = find_python(version)
        if python is None:
            print(f"Python {version}: not found, not tried", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            failure = first_failure(python, wheel, Path(folder))
        print(f"Python {version}: {failure or 'installs, runs, checks a certificate, imports'}", flush=True)
        outcomes.append(failure is None)
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
