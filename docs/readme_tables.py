"""Fill the generated parts of README.md: `python docs/readme_tables.py runs/tiny`.

Copies the table and the figure of a finished audit into docs/results/tiny and both into the README between its markers.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from mari_theory import THEOREMS
from proofs.evidence import KINDS, verify

ROOT = Path(__file__).resolve().parent.parent


def theorems() -> str:
    """The registry as a Markdown table, with what `mari verify` found."""
    found = {t["id"]: t for t in verify(cases=500)["theorems"]}
    lines = [
        "| id | theorem | source | SymPy | properties | enclosures | Coq | in the library |",
        "| --- |" + " --- |" * 7,
    ]
    for t in THEOREMS.values():
        evidence = found[t.id]["evidence"] if t.id in found else {}
        states = " | ".join(evidence.get(kind, "absent").replace("absent", "-") for kind in KINDS)
        lines.append(f"| {t.id} | {t.title} | {t.source} | {states} | {', '.join(f'`{f}`' for f in t.functions)} |")
    return "\n".join(lines)


def methods(rows: int = 7) -> str:
    """The first rows of the generated comparison of methods."""
    page = (ROOT / "docs" / "results" / "methods.md").read_text().splitlines()
    return "\n".join([*[line for line in page if line.startswith("|")][: rows + 2], "", page[-1]])


def publish(run: Path) -> Path:
    """Copy a run's table, figures and page into docs/results/PRESET."""
    import json

    preset = json.loads((run / "results.json").read_text())["config"]["preset"]
    target = ROOT / "docs" / "results" / preset
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("summary.md", "results.json", "report.html", "config.yaml"):
        shutil.copy(run / name, target / name)
    shutil.copytree(run / "figures", target / "figures")
    return target


def main() -> None:
    """Publish each run given and rewrite the README's generated parts."""
    parts = {"THEOREMS": theorems(), "METHODS": methods()}
    for run in map(Path, sys.argv[1:]):
        target = publish(run)
        parts[target.name.upper()] = (target / "summary.md").read_text().strip()
    readme = (ROOT / "README.md").read_text()
    for name, text in parts.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        head, rest = readme.split(start)
        readme = f"{head}{start}\n{text}\n{end}{rest.split(end)[1]}"
    (ROOT / "README.md").write_text(readme)


if __name__ == "__main__":
    main()
