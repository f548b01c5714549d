"""Every field of a public dataclass says what it holds, on the line below it: there a reader and an editor look for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("mari_theory", "estimators", "experiments", "proofs", "benchmarks")


def undocumented(tree: ast.Module) -> Iterator[str]:
    """`Class.field` of every public dataclass's field without a string below it."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ClassDef)
            and not node.name.startswith("_")
            and any(map(_dataclass, node.decorator_list))
        ):
            for field, below in pairwise([*node.body, ast.Pass()]):
                if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation):
                    text = below.value if isinstance(below, ast.Expr) else None
                    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                        yield f"{node.name}.{ast.unparse(field.target)}"


def _dataclass(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).split(".")[-1] == "dataclass"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_field_of_a_public_dataclass_is_explained(package: str) -> None:
    paths = sorted((ROOT / package).rglob("*.py"))
    missing = [f"{p.relative_to(ROOT)}: {name}" for p in paths for name in undocumented(ast.parse(p.read_bytes()))]
    assert paths
    assert not missing, "no docstring below " + ", ".join(missing)


def test_a_bare_field_is_found() -> None:
    source = "@dataclass(frozen=True)\nclass A:\n    a: int\n    b: int = 0\n    'B.'\n    c: ClassVar[int] = 1\n    d: int\n"
    assert list(undocumented(ast.parse(source))) == ["A.a", "A.d"]
