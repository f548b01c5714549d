"""One version everywhere: what a certificate prints is a release of the changelog."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import mari_theory

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_same_in_every_file_and_has_notes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.M)
    released = re.findall(
        r"^## \[(\d[\d.]*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )
    assert [mari_theory.__version__] == [project] == citation == released[:1]
