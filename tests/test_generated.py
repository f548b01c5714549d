"""Every generated page and block shows what its data hold, and nothing older: an edit by hand fails here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mari_theory.rounding import span, up_to

pytest.importorskip("torch")
from docs import generate
from docs.generate import (
    AUDITS,
    PAGES,
    draw_study,
    filled,
    limit_blocks,
    publish,
    readme_blocks,
    study_data,
    take_study,
    theorems,
    unproved,
)
from docs.headline import NEAREST, distance, headline
from experiments.audit.report import markdown
from experiments.audit.results import Run
from experiments.methods import make_method
from experiments.studies.data import Data, Record, Section
from experiments.studies.methods.grid import read_grid, section_labels
from experiments.studies.methods.page import HEADS
from mari_theory import THEOREMS, ArgumentError
from proofs.verify import KINDS

ROOT = Path(__file__).parents[1]


MADE = {
    "README.md": lambda: readme_blocks(ROOT / "docs" / "results"),
    "docs/limits.md": lambda: limit_blocks(ROOT / "docs"),
    "docs/theorems.md": lambda: {"THEOREMS": theorems()},
}
"""Page -> what stands between its marks."""


@pytest.mark.parametrize("page", list(MADE))
def test_a_page_says_what_its_data_say_and_one_program_fills_every_mark(page: str) -> None:
    text, made = (ROOT / page).read_text(encoding="utf-8"), MADE[page]()
    assert filled(text, made, page) == text
    assert set(re.findall(r"<!-- ([A-Z0-9]+) -->", text)) == set(made)


def test_no_other_page_has_marks() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    marked = {str(p.relative_to(ROOT)) for p in pages if "\n<!-- " in p.read_text(encoding="utf-8")}
    assert marked == set(MADE)


def test_the_theorems_have_a_row_each_and_evidence_that_fails_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = theorems().splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(THEOREMS)
    passing = dict.fromkeys(KINDS, "pass")
    found = [{"id": name, "evidence": passing} for name in THEOREMS]
    monkeypatch.setattr(generate, "verify", lambda cases: {"theorems": found})
    assert unproved() == []
    found[4] = {"id": "T5", "evidence": {**passing, "property": "fail", "formal": "not-built"}}
    # T3 has no derivation: nothing is promised there.
    found[2] = {"id": "T3", "evidence": {**passing, "symbolic": "absent"}}
    assert unproved() == ["T5 property fail", "T5 formal not-built"]


def test_blocks_are_replaced_whole_and_only_once() -> None:
    text = "a\n<!-- X -->\nold\nlines\n<!-- /X -->\nb\n"
    assert filled(text, {"X": r"new \1"}) == "a\n<!-- X -->\nnew \\1\n<!-- /X -->\nb\n"
    with pytest.raises(ArgumentError, match="one block marked Y"):
        filled(text, {"Y": ""})
    with pytest.raises(ArgumentError, match="one block marked X"):
        filled(text * 2, {"X": ""})


def test_only_a_finished_run_is_published(tmp_path: Path) -> None:
    run, docs = tmp_path / "run", tmp_path / "docs"
    (run / "figures").mkdir(parents=True)
    assert not publish(run, docs) and not docs.exists()
    for name in ("config.yaml", "results.json", "report.html", "summary.md"):
        (run / name).write_text(name)
    (run / "figures" / "a.png").write_text("x")
    assert publish(run, docs) and publish(run, docs)
    assert (docs / "figures" / "a.png").is_file() and (docs / "summary.md").read_text() == "summary.md"


@pytest.mark.parametrize("name", list(PAGES))
def test_a_study_page_is_what_its_data_say(name: str, tmp_path: Path) -> None:
    committed = ROOT / "docs" / PAGES[name]
    if not study_data(ROOT / "docs", name).is_file():
        pytest.skip("no data: not measured yet, or the page stays until the study is run again")
    assert committed.is_file()
    data = study_data(tmp_path, name)
    data.parent.mkdir(parents=True)
    data.write_bytes(study_data(ROOT / "docs", name).read_bytes())
    assert draw_study(tmp_path, name)
    assert (tmp_path / PAGES[name]).read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [x.strip() for x in line.strip().strip("|").split(" | ")]


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_summary_says_what_its_results_hold(name: str) -> None:
    folder = ROOT / "docs" / "results" / name
    if not folder.is_dir():
        pytest.skip("not run to its end yet")
    run, text = Run.load(folder), (folder / "summary.md").read_text(encoding="utf-8")
    assert markdown(run) == text
    origins = {m.label: make_method(m.name, **m.settings).origin for m in run.config.methods}
    for line, row in zip(text.splitlines()[2:], run.rows, strict=False):
        claim, m = row.oracle.claim, row.measures
        label, origin, certified = cells(line)[:3]
        assert label.startswith(row.name) and certified == span(claim.lower, claim.upper)
        assert origin == origins.get(row.name, "-")
        assert f"{m['forget_probability']:.3f} / {m['forget_exact']:.2f} | {m['retain_probability']:.3f}" in line
        assert f"| {m['best_attack']:.3f} |" in line


def test_the_headline_shows_the_original_the_nearest_rows_and_the_floor() -> None:
    run = Run.load(ROOT / "docs" / "results" / "smollm2")
    head, _, first, *nearest, last = [cells(x) for x in headline(run).splitlines() if x.startswith("|")]
    assert first[0] == "before unlearning" and last[0] == "retrained without the data" and len(nearest) == NEAREST
    rungs = [name for name, x in run.the("original").excess.items() if x.method == "exact"]
    assert head[1 : 1 + len(rungs)] == [f"{n} (margin {run.the('original').excess[n].margin:g})" for n in rungs]
    rows = {r.name: r for r in run.methods}
    far = [distance(rows[row[0]], rungs) for row in nearest]
    others = [distance(r, rungs) for name, r in rows.items() if name not in {row[0] for row in nearest}]
    assert far == sorted(far) and all(x >= far[-1] for x in others)
    for row in nearest:
        for name, shown in zip(rungs, row[1:], strict=False):
            assert shown.startswith(up_to(rows[row[0]].excess[name].upper, 2, "+"))


def test_every_row_of_the_methods_table_says_where_the_method_comes_from() -> None:
    text = (ROOT / "docs" / "results" / "methods.md").read_text(encoding="utf-8")
    head, _, *rows = [cells(x) for x in text.splitlines() if x.startswith("|")]
    assert head == HEADS
    grid = read_grid()
    unmeasured = {label for name, label in section_labels().items() if f"methods --section {name}`" in text}
    assert {r[0] for r in rows} == set(grid) - unmeasured
    for r in rows:
        assert {make_method(m.name, **m.settings).origin for m in grid[r[0]]} == {r[1]}


def test_a_measured_section_is_taken_and_a_quick_one_is_not(tmp_path: Path) -> None:
    made = Record("mari study rounds", "2026-11-22", "x86_64", 1.0)
    run = Data(tmp_path / "run" / "data.json", "rounds")
    run.put("a", Section(made, {"x": 1}))
    run.put("b", Section(replace(made, quick=True), {"x": 2}))
    docs = Data(study_data(tmp_path, "rounds"), "rounds")
    docs.put("a", Section(made, {"x": 0}))
    docs.put("c", Section(made, {"x": 3}))
    assert take_study(tmp_path / "run", tmp_path, "rounds") == ["a"]
    kept = Data(docs.path, "rounds").sections
    assert {k: s.numbers["x"] for k, s in kept.items()} == {"a": 1, "c": 3}
    assert take_study(tmp_path / "run", tmp_path, "rounds") == []
