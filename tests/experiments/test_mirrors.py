"""Tests mirror the files: what is said of `experiments/X/y.py` is tested in `tests/experiments/X/test_y.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "experiments"

ONE_FILE_A_STUDY = {p.parent.name for p in PACKAGE.glob("studies/*/__init__.py")}
"""A study's folder is one idea: what it concludes from its numbers stands in one file of its name; its measurement takes minutes."""

WITHOUT_A_MODULE = {
    "cli/test_shadowed.py": "the installed command in a folder with packages of the same names",
    "methods/test_init.py": "the table of methods, in the package's own file",
    "studies/test_init.py": "the table of studies, in the package's own file",
    "test_mirrors.py": "this file",
}
"""Test file -> what it is about."""


def test_file_of(module: Path) -> str:
    """Where a module's tests stand, below this folder."""
    folder = module.relative_to(PACKAGE).parent
    if folder.parts[:1] == ("studies",) and len(folder.parts) == 2:
        return f"studies/test_{folder.name}.py"
    return str(folder / f"test_{module.stem}.py")


test_file_of.__test__ = False  # type: ignore[attr-defined]
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.stem not in ("__init__", "__main__"))
WANTED = {test_file_of(module) for module in MODULES}


@pytest.mark.parametrize("name", sorted(WANTED))
def test_every_module_has_its_tests(name: str) -> None:
    assert (HERE / name).is_file(), f"no tests/experiments/{name}"
    assert "\ndef test_" in (HERE / name).read_text(encoding="utf-8"), f"tests/experiments/{name} tests nothing"


def test_every_test_file_has_its_module() -> None:
    found = {str(p.relative_to(HERE)) for p in HERE.rglob("test_*.py")}
    assert found - WANTED == set(WITHOUT_A_MODULE)
    assert all((HERE / p).with_name("__init__.py").is_file() for p in found)
    assert len(ONE_FILE_A_STUDY) >= 6 and {f"studies/test_{name}.py" for name in ONE_FILE_A_STUDY} <= WANTED
