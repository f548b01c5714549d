"""`python -m tests.release.wheel [--out FOLDER]`: build the wheel from what git would commit, and compare what is in it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from mari_theory.errors import ArgumentError, require

PACKAGES = ("mari_theory", "estimators", "experiments", "proofs")
PROMISED = (
    "*/py.typed",
    "mari_theory/certificates/*.schema.json",
    "experiments/presets/*.yaml",
    "experiments/*.html",
    "proofs/*.html",
    "proofs/coq/*.v",
    "proofs/coq/controls/*.v",
    "proofs/coq/_CoqProject",
)
COMMAND = "mari = experiments.cli.main:main"


def tracked(root: Path) -> list[str]:
    """The files of a checkout, new ones too, those that git ignores not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    require(done.returncode == 0, "git", "a checkout whose files git can list", done.stderr.strip() or done.returncode)
    return [name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def build(root: Path, out: Path) -> Path:
    """Build in a copy, so that nothing an earlier build left behind gets in; the wheel's path in `out`."""
    with tempfile.TemporaryDirectory() as folder:
        copy, made = Path(folder) / "checkout", Path(folder) / "wheels"
        for name in tracked(root):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(made), str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        require(done.returncode == 0, "wheel", "a build without errors", done.stderr.strip()[-2000:])
        wheels = sorted(made.glob("*.whl"))
        require(len(wheels) == 1, "wheel", "one file", [w.name for w in wheels])
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(wheels[0], out))


def faults(inside: Iterable[str], files: Iterable[str], entry_points: str) -> list[str]:
    """What the wheel lacks or should not hold, a line each.

    inside: the wheel's names. files: the checkout's. entry_points: the text of the wheel's file of that name.
    """
    names = {name for name in inside if ".dist-info/" not in name}
    wanted = {name for name in files if name.split("/")[0] in PACKAGES}
    lacking = [f"lacks {name}" for name in sorted(wanted - names)]
    foreign = [f"holds {name}" for name in sorted(names - wanted)]
    kinds = [f"has no {pattern}" for pattern in PROMISED if not any(fnmatch(name, pattern) for name in names)]
    typed = [f"has no {package}/py.typed" for package in PACKAGES if f"{package}/py.typed" not in names]
    command = [] if COMMAND in entry_points else [f"has no command {COMMAND}"]
    return [*lacking, *foreign, *kinds, *typed, *command]


def inspect(wheel: Path, root: Path) -> tuple[int, list[str]]:
    """The number of files in a wheel, and its faults."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entries = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
        text = archive.read(entries[0]).decode() if entries else ""
    return len(names), faults(names, tracked(root), text)


def main(argv: Sequence[str] | None = None) -> int:
    """Build, compare, print; 1 when something is missing or too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.wheel", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder of the wheel (default dist)")
    args = parser.parse_args(argv)
    root = Path(__file__).parents[2]
    try:
        wheel = build(root, args.out)
        count, found = inspect(wheel, root)
    except ArgumentError as e:
        print(f"wheel: {e}", file=sys.stderr)
        return 2
    for fault in found:
        print(f"{wheel.name} {fault}", file=sys.stderr)
    if not found:
        print(f"{wheel}: {count} files, every file of {', '.join(PACKAGES)} and no other")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
