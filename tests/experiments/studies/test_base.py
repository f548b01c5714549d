"""What a study is told, which sections it measures, and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.studies.base import Option, Page, Settings, Study, measure_each, placeholder, write_page
from experiments.studies.data import Data
from mari_theory import ArgumentError


def study() -> Study:
    options = (Option("level", 3, "a count", least=2), Option("audit", Path("runs"), "a folder"))
    return Study(
        "rounds", ("a", "b", "c"), options, lambda s, d: None, lambda sections: Page(["# T", ""], {}, ", a note.")
    )


def test_options_have_the_type_of_their_default() -> None:
    made = study().settings(Path("run"), ["c", "a"], False, {"level": "2", "audit": "x/y"})
    assert made.count("level") == 2 and made.folder("audit") == Path("x/y")
    assert made.sections == ("a", "c")  # in the study's order
    assert study().settings(Path("run"), [], False, {}).count("level") == 3


@pytest.mark.parametrize("text", ["1", "-3", "2.5", "many", ""])
def test_a_count_below_the_least_or_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="level: expected a whole number, at least 2"):
        study().settings(Path("run"), [], False, {"level": text})


def test_models_of_a_quick_run_are_kept_apart() -> None:
    assert study().settings(Path("run"), [], True, {}).run == Path("run/quick")
    assert study().settings(Path("run"), [], False, {}).run == Path("run")


@pytest.mark.parametrize("quick", [False, True])
def test_slow_sections_wait_for_a_full_run_and_those_that_lack_something_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: bool
) -> None:
    data = Data(tmp_path / "data.json", "rounds", "mari study rounds", quick)
    makers = {"a": lambda s: {"x": 1}, "b": lambda s: None, "c": lambda s: {"x": 3}}
    measure_each(makers, Settings(tmp_path, ("a", "b", "c"), quick), data, slow=("c",))
    assert {k: v.numbers for k, v in data.sections.items()} == {"a": {"x": 1}} | ({} if quick else {"c": {"x": 3}})
    err = capsys.readouterr().err
    assert "b: not measured" in err and ("c: left out of a quick run" in err) == quick


def test_a_page_is_written_beside_its_figures_and_says_how_it_was_made(tmp_path: Path) -> None:
    data = Data(tmp_path / "data.json", "rounds", "mari study rounds")
    data.keep("a", {"x": 1})

    def draw(path: Path) -> None:
        path.write_text("drawn")

    page = Page(["# T", ""], {"figures/f.txt": draw}, ", a note.")
    one = Study("rounds", ("a",), (), lambda s, d: None, lambda sections: page)
    assert write_page(one, data, tmp_path / "page.md") == [tmp_path / "page.md", tmp_path / "figures" / "f.txt"]
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("# T\n\n`mari study rounds`, ") and text.endswith(", a note.\n")
    assert (tmp_path / "figures" / "f.txt").read_text() == "drawn"


def test_a_missing_section_names_its_command() -> None:
    assert placeholder("rounds", "a", "x") == "Not measured yet: `mari study rounds --section a` (needs x)."
    assert placeholder("rounds", "a") == "Not measured yet: `mari study rounds --section a`."
