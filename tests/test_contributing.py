"""CONTRIBUTING.md tells the truth: its paths exist, its map is whole, its recipes are followed by tests."""

from __future__ import annotations

import re
from pathlib import Path

from mari_theory import THEOREMS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_exists() -> None:
    paths = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|md|toml|yaml|txt)|_CoqProject|\.ci/run))`", TEXT))
    assert len(paths) > 50
    assert sorted(p for p in paths if not (ROOT / p).exists()) == []


def test_every_theorem_is_on_the_map() -> None:
    table = TEXT[TEXT.index("Where a sentence of the theory lives") : TEXT.index("Where a column of the report")]
    named: set[int] = set()
    for first, last in re.findall(r"\bT(\d+)(?:-T(\d+))?", table):
        named |= set(range(int(first), int(last or first) + 1))
    assert named == {int(t.removeprefix("T")) for t in THEOREMS}


def test_the_map_names_the_files_where_a_theorem_s_functions_are_defined() -> None:
    table = TEXT[TEXT.index("Where a sentence of the theory lives") : TEXT.index("Where a column of the report")]
    sources = {
        p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8")
        for package in ("mari_theory", "estimators", "experiments")
        for p in (ROOT / package).rglob("*.py")
    }
    for line in table.splitlines():
        for first, last in re.findall(r"\bT(\d+)(?:-T(\d+))?", line.split("|")[1] if line.startswith("|") else ""):
            for number in range(int(first), int(last or first) + 1):
                files = re.findall(r"`([\w/]+\.py)`", line)
                for function in THEOREMS[f"T{number}"].functions:
                    defined = [
                        p
                        for p, text in sources.items()
                        if re.search(rf"^(def|class) {re.escape(function)}\b", text, re.M)
                    ]
                    if defined:
                        assert set(defined) & set(files), (number, function, defined)


def test_every_recipe_is_followed_by_a_test() -> None:
    recipes = re.findall(r"^## (Add .*)$", TEXT, flags=re.M)
    followed = re.findall(r"Followed by `([\w/.]+)::(\w+)`", TEXT)
    assert len(recipes) == len(followed) >= 6
    for path, name in followed:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)
