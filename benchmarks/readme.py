"""`make readme`: finished audits into docs/results, the generated tables of docs/results and the table of theorems into the README.

Everything between marks `<!-- NAME -->` has this one author.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from mari_theory import THEOREMS
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from proofs.verify import kinds, verify

PUBLISHED = ("config.yaml", "results.json", "report.html", "summary.md")
NEAREST = 8
"""Rows of the methods table that the README shows."""


def publish(run: Path, docs: Path) -> bool:
    """Copy what a finished audit says of itself; False where there is none."""
    if not (run / "results.json").is_file():
        return False
    docs.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        shutil.copy(run / name, docs / name)
    shutil.copytree(run / "figures", docs / "figures", dirs_exist_ok=True)
    return True


def theorems() -> str:
    """The registry as a Markdown table: `pass` under the kinds of evidence a theorem has, `-` under those that do not apply."""
    lines = [
        "| id | theorem | source | SymPy | properties | enclosures | Coq | in the library |",
        "| --- |" + " --- |" * 7,
    ]
    for t in THEOREMS.values():
        states = " | ".join("pass" if has else "-" for has in kinds(t.id).values())
        lines.append(f"| {t.id} | {t.title} | {t.source} | {states} | {', '.join(f'`{f}`' for f in t.functions)} |")
    return "\n".join(lines)


def unproved() -> list[str]:
    """Evidence that the table of theorems names and a run of all of it does not confirm here; empty when the table may be printed."""
    rows = verify(cases=500)["theorems"]
    return [
        f"{row['id']} {kind} {row['evidence'][kind]}"
        for row in rows
        for kind, has in kinds(row["id"]).items()
        if has and row["evidence"][kind] != "pass"
    ]


def blocks(results: Path) -> dict[str, str]:
    """What stands between the marks: the audits' summaries, the head of the methods table with its foot, and the theorems."""
    lines = (results / "methods.md").read_text(encoding="utf-8").splitlines()
    table = [x for x in lines if x.startswith("|")]
    foot = next(x for x in reversed(lines) if x.startswith("`mari bench"))
    return {
        "TINY": (results / "tiny" / "summary.md").read_text(encoding="utf-8").rstrip(),
        "SMOLLM2": (results / "smollm2" / "summary.md").read_text(encoding="utf-8").rstrip(),
        "METHODS": "\n".join([*table[: 2 + NEAREST], "", foot]),
        "THEOREMS": theorems(),
    }


def filled(text: str, made: dict[str, str]) -> str:
    """The text with every block replaced. Raises `ArgumentError` when a mark is missing."""
    for name, body in made.items():
        pattern = re.compile(rf"<!-- {name} -->\n.*?\n<!-- /{name} -->", re.DOTALL)
        require(len(pattern.findall(text)) == 1, "README.md", f"one block marked {name}", len(pattern.findall(text)))
        block = f"<!-- {name} -->\n{body}\n<!-- /{name} -->"
        text = pattern.sub(lambda _: block, text)  # noqa: B023  (called before the next turn)
    return text


def main() -> int:
    """Publish what is there, run the proofs, then fill the README."""
    results, readme = Path("docs/results"), Path("README.md")
    for name in ("tiny", "smollm2"):
        print(f"{name}: {'published' if publish(Path('runs') / name, results / name) else 'no finished run, kept'}")
    made, missing = blocks(results), unproved()
    if missing:
        del made["THEOREMS"]
    print(
        f"theorems: {'kept, as these did not pass (make proofs): ' + ', '.join(missing) if missing else 'all evidence passed'}"
    )
    write_text(readme, filled(readme.read_text(encoding="utf-8"), made))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
