"""`make docs`: every generated page and block, from its data.

Finished audits and studies of `runs/` are taken into `docs/`, studies' pages are drawn from `docs/studies/NAME/data.json`, and what stands
between marks `<!-- NAME -->` in the README, in docs/limits.md and in docs/theorems.md is filled. Each has this one author; `tests/test_generated.py` holds them to their data.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from docs.headline import cost, headline
from experiments.audit.results import Run
from experiments.studies import STUDY_QUESTIONS, load_study
from experiments.studies.base import write_page
from experiments.studies.data import Data
from experiments.studies.limits import sentences
from mari_theory import THEOREMS
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from proofs.verify import kinds, verify

PUBLISHED = ("config.yaml", "results.json", "report.html", "summary.md")
AUDITS = ("tiny", "smollm2", "tiny-seeds")
"""Presets whose finished runs are published."""
PAGES = {
    "methods": "results/methods.md",
    "selection": "results/selection.md",
    "matched": "results/matched.md",
    "overlap": "results/overlap.md",
    "blindness": "blindness.md",
    "objections": "objections.md",
    "limits": "results/limits.md",
    "rounds": "results/rounds.md",
    "attribution": "results/attribution.md",
}
"""Study -> its page in docs. One without data in `docs/studies` keeps the page it has."""


def publish(run: Path, docs: Path) -> bool:
    """Copy what a finished audit says of itself; False where there is none."""
    if not (run / "results.json").is_file():
        return False
    docs.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        shutil.copy(run / name, docs / name)
    shutil.copytree(run / "figures", docs / "figures", dirs_exist_ok=True)
    return True


def study_data(docs: Path, name: str) -> Path:
    """Where the numbers behind a study's page are."""
    return docs / "studies" / name / "data.json"


def take_study(run: Path, docs: Path, name: str) -> list[str]:
    """Take the measured sections of a study's output folder into docs, quick ones not; returns them."""
    measured = Data(run / "data.json", name).sections
    published = Data(study_data(docs, name), name)
    full = [k for k, s in measured.items() if not s.made.quick and published.sections.get(k) != s]
    for section in full:
        published.put(section, measured[section])
    return full


def draw_study(docs: Path, name: str) -> bool:
    """Draw the page of a study from its data; False where there are none."""
    data = Data(study_data(docs, name), name)
    if data.sections:
        write_page(load_study(name), data, docs / PAGES[name])
    return bool(data.sections)


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


def readme_blocks(results: Path) -> dict[str, str]:
    """What stands between the README's marks: what the toy's audit cost, and the audit on a real model."""
    return {"COST": cost(Run.load(results / "tiny")), "HEADLINE": headline(Run.load(results / "smollm2"))}


def limit_blocks(docs: Path) -> dict[str, str]:
    """What stands between the marks of docs/limits.md: what each section of the study of this name found."""
    found = sentences(Data(study_data(docs, "limits"), "limits").sections)
    return {name.upper().replace("-", ""): text for name, text in found.items()}


def filled(text: str, made: dict[str, str], file: str = "README.md") -> str:
    """The text with every block replaced. Raises `ArgumentError` when a mark is missing."""
    for name, body in made.items():
        pattern = re.compile(rf"<!-- {name} -->\n.*?\n<!-- /{name} -->", re.DOTALL)
        require(len(pattern.findall(text)) == 1, file, f"one block marked {name}", len(pattern.findall(text)))
        block = f"<!-- {name} -->\n{body}\n<!-- /{name} -->"
        text = pattern.sub(lambda _: block, text)  # noqa: B023  (called before the next turn)
    return text


def fill(page: Path, made: dict[str, str]) -> None:
    """Write what was made between the marks of a page."""
    write_text(page, filled(page.read_text(encoding="utf-8"), made, page.name))


def main() -> int:
    """Take what is there, draw the studies, run the proofs, then fill the README and the pages on theorems and limits."""
    docs, runs = Path("docs"), Path("runs")
    results = docs / "results"
    for name in AUDITS:
        print(f"{name}: {'published' if publish(runs / name, results / name) else 'no finished run, kept'}")
    for name in STUDY_QUESTIONS:
        taken = take_study(runs / "studies" / name, docs, name)
        drawn = draw_study(docs, name)
        print(f"{name}: {'took ' + ', '.join(taken) if taken else 'nothing new'}; page {'drawn' if drawn else 'kept'}")
    missing = unproved()
    print(
        f"theorems: {'kept, as these did not pass (make proofs): ' + ', '.join(missing) if missing else 'all evidence passed'}"
    )
    fill(Path("README.md"), readme_blocks(results))
    fill(docs / "limits.md", limit_blocks(docs))
    fill(docs / "theorems.md", {} if missing else {"THEOREMS": theorems()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
