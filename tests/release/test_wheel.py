"""The wheel's content check: a file that is missing or too much is named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.release.wheel import COMMAND, PACKAGES, faults, inspect, tracked

ROOT = Path(__file__).parents[2]
FILES = tracked(ROOT)
INSIDE = [name for name in FILES if name.split("/")[0] in PACKAGES]


def test_a_wheel_of_exactly_the_packages_passes() -> None:
    assert faults([*INSIDE, "mari_theory-1.dist-info/METADATA"], FILES, f"[console_scripts]\n{COMMAND}\n") == []


@pytest.mark.parametrize(
    "name",
    [
        "experiments/py.typed",
        "experiments/presets/tiny.yaml",
        "experiments/audit/page.html",
        "proofs/coq/_CoqProject",
        "proofs/coq/controls/WrongMetric.v",
        "mari_theory/errors.py",
    ],
)
def test_what_is_lacking_is_named(name: str) -> None:
    assert f"lacks {name}" in faults([other for other in INSIDE if other != name], FILES, COMMAND)


@pytest.mark.parametrize("name", ["benchmarks/speed.py", "tests/conftest.py", "docs/which-estimator.md"])
def test_another_folder_does_not_belong_there_though_git_has_it(name: str) -> None:
    assert name in FILES and faults([*INSIDE, name], FILES, COMMAND) == [f"holds {name}"]


def test_what_was_built_does_not_belong_there() -> None:
    assert faults([*INSIDE, "proofs/coq/Sums.vo"], FILES, COMMAND) == ["holds proofs/coq/Sums.vo"]


def test_kinds_of_file_and_the_command_are_promised() -> None:
    code = [name for name in INSIDE if name.endswith(".py")]
    found = faults(code, code, "")
    assert {"has no */py.typed", "has no proofs/coq/*.v", "has no experiments/presets/*.yaml"} <= set(found)
    assert f"has no command {COMMAND}" in found


def test_a_wheel_is_read_from_its_archive(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x.dist-info/entry_points.txt", COMMAND)
        archive.writestr("tests/a.py", "")
    count, found = inspect(wheel, ROOT)
    assert count == 2 and "holds tests/a.py" in found and f"has no command {COMMAND}" not in found
