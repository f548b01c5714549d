"""`python -m tests.budget`: what the project may cost, against the ceilings of `budget.toml`.

Prints every number beside its ceiling. Exit status 0 when none is above, 1 when one is, 2 when something cannot be read.
"""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mari_theory.errors import ArgumentError, require
from tests.cpu_time import RECORD

CEILINGS = Path("budget.toml")
PUBLIC = ("mari_theory", "estimators", "experiments")


@dataclass(frozen=True)
class Cost:
    """One number of the budget.

    key: its name in `budget.toml`. what: its line in the table. measure: its value for a checkout's root.
    """

    key: str
    what: str
    measure: Callable[[Path], float]


def fast_test_seconds(root: Path) -> float:
    """What the last whole run of the fast tests took, as it wrote down itself."""
    record = root / RECORD
    require(record.is_file(), str(RECORD), "the record of a whole run of the fast tests (make test)", "no file")
    return float(json.loads(record.read_text(encoding="utf-8"))["cpu_seconds"])


def core_dependencies(root: Path) -> int:
    """Packages that `pip install mari-theory` brings along."""
    return len(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])


def public_names(root: Path) -> int:
    """Names that the packages export."""
    return sum(len(exported(root / package / "__init__.py")) for package in PUBLIC)


def exported(init: Path) -> set[str]:
    """Names a package's `__init__` exports: `__all__`, imports `name as name`, and what it defines, without underscores."""
    names: set[str] = set()
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names if alias.name == alias.asname}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined = {target.id for target in targets if isinstance(target, ast.Name)}
            names |= set(ast.literal_eval(node.value)) if "__all__" in defined else defined
    return {name for name in names if not name.startswith("_")}


def readme_lines(root: Path) -> int:
    return _lines(root / "README.md")


def python_lines(root: Path) -> int:
    """Lines of every Python file outside `tests/`, as git sees the work tree: new files too, ignored ones not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.py"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    require(done.returncode == 0, "git", "a checkout whose files git can list", done.stderr.strip() or done.returncode)
    files = [root / name for name in done.stdout.splitlines() if not name.startswith("tests/")]
    return sum(_lines(file) for file in files if file.is_file())


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


COSTS = (
    Cost("test_cpu_seconds", "CPU seconds of the fast tests", fast_test_seconds),
    Cost("core_dependencies", "core dependencies", core_dependencies),
    Cost("public_names", "public names", public_names),
    Cost("readme_lines", "README lines", readme_lines),
    Cost("python_lines", "Python lines outside tests", python_lines),
)


def read_ceilings(root: Path, costs: Sequence[Cost] = COSTS) -> dict[str, float]:
    """The ceilings by key; each cost has one, and nothing else does."""
    path = root / CEILINGS
    require(path.is_file(), str(CEILINGS), "a file with a ceiling for each number", "no file")
    try:
        ceilings = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise ArgumentError(str(CEILINGS), "readable TOML", e) from None
    keys = [cost.key for cost in costs]
    require(sorted(ceilings) == sorted(keys), f"{CEILINGS}, keys", ", ".join(keys), ", ".join(ceilings) or "none")
    for key, ceiling in ceilings.items():
        right = isinstance(ceiling, (int, float)) and not isinstance(ceiling, bool) and ceiling >= 0
        require(right and math.isfinite(ceiling), f"{CEILINGS}, {key}", "a number", ceiling)
    return ceilings


def main(root: Path = Path()) -> int:
    """Print the table; the exit status."""
    try:
        ceilings = read_ceilings(root)
        rows = [(cost, cost.measure(root), ceilings[cost.key]) for cost in COSTS]
    except ArgumentError as e:
        print(f"budget: {e}", file=sys.stderr)
        return 2
    print(f"{'':<30} {'now':>7} {'allowed':>8}")
    for cost, now, allowed in rows:
        print(f"{cost.what:<30} {now:7.0f} {allowed:8.0f}")
    above = [(cost, now, allowed) for cost, now, allowed in rows if now > allowed]
    for cost, now, allowed in above:
        print(
            f"budget: {cost.what}: {now:g} is above {allowed:g}; bring it down, or raise {cost.key} in {CEILINGS} "
            "in a commit of its own that says why",
            file=sys.stderr,
        )
    return 1 if above else 0


if __name__ == "__main__":
    raise SystemExit(main())
