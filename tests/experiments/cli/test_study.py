"""`mari study`: measurement and page are two things: a section never wipes another, output goes where it is told, a page reads the data alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import experiments.cli.study as command
from experiments.cli.main import main
from experiments.studies.base import Option, Page, Settings, Study, measure_each
from experiments.studies.data import Data, Section

pytest.importorskip("torch")


def page(sections: Mapping[str, Section]) -> Page:
    """Every section's number, and a figure of them."""
    values = [f"{name}: {s.numbers['x']}" for name, s in sections.items()]

    def draw(path: Path) -> None:
        path.write_text(" ".join(values))

    return Page(["# Probe", "", *values, ""], {"figures/probe.png": draw})


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A study named `rounds` that measures in no time; the list is what it measured."""
    asked: list[str] = []

    def measure(settings: Settings, data: Data) -> None:
        def maker(name: str) -> Callable[[Settings], dict[str, float] | None]:
            def made(s: Settings) -> dict[str, float] | None:
                asked.append(name)
                return None if name == "c" else {"x": s.count("level") + len(asked)}

            return made

        measure_each({n: maker(n) for n in "abcd"}, settings, data, slow="d")

    study = Study(
        "rounds", tuple("abcd"), (Option("level", 10, "any"), Option("audit", Path("runs"), "any")), measure, page
    )
    monkeypatch.setattr(command, "load_study", lambda name: study)
    return asked


def sections(out: Path) -> dict[str, float]:
    stored = json.loads((out / "data.json").read_text(encoding="utf-8"))
    return {k: s["numbers"]["x"] for k, s in stored["sections"].items()}


def test_an_empty_folder_gets_its_output_in_runs_and_nothing_else(
    probe: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", "rounds"]) == 0
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert files == [f"runs/studies/rounds/{n}" for n in ("data.json", "figures/probe.png", "page.md")]
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "page.md" in out and "c: not measured" in err


def test_output_goes_where_it_is_told(
    probe: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", "rounds", "--out", "here/there", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "study": "rounds",
        "data": "here/there/data.json",
        "page": "here/there/page.md",
        "figures": ["here/there/figures/probe.png"],
        "sections": ["a", "b", "d"],
    }
    assert all(Path(told[k]).is_file() for k in ("data", "page")) and not (tmp_path / "runs").exists()


def test_a_section_never_wipes_the_others(probe: list[str], tmp_path: Path) -> None:
    out = ["study", "rounds", "--out", str(tmp_path)]
    assert main(out) == 0
    before = sections(tmp_path)
    assert main([*out, "--section", "b"]) == 0
    after = sections(tmp_path)
    assert after["b"] != before["b"] and after | {"b": 0} == before | {"b": 0}
    # One whose audit is missing is not measured, and does not take away what was.
    assert main([*out, "--section", "c"]) == 0 and sections(tmp_path) == after
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert all(f"{k}: {v}" in text for k, v in after.items())
    assert "`mari study rounds --section b`" in text and "a, d: `mari study rounds`" in text


def test_redrawing_measures_nothing(probe: list[str], tmp_path: Path) -> None:
    out = ["study", "rounds", "--out", str(tmp_path)]
    assert main([*out, "--page"]) == 2
    assert main(out) == 0
    text, measured = (tmp_path / "page.md").read_text(encoding="utf-8"), list(probe)
    data = (tmp_path / "data.json").read_bytes()
    (tmp_path / "page.md").unlink()
    assert main([*out, "--page"]) == 0
    assert probe == measured and (tmp_path / "data.json").read_bytes() == data
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == text


def test_a_quick_run_is_marked_and_never_replaces_a_measured_one(
    probe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick, full = (["study", "rounds", "--out", str(tmp_path), *x] for x in (["--quick"], []))
    assert main(quick) == 0
    assert set(sections(tmp_path)) == {"a", "b"} and "--quick`" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert main([*full, "--section", "a"]) == 0
    before = sections(tmp_path)
    assert main(quick) == 2 and "full measurements" in capsys.readouterr().err and sections(tmp_path) == before
    assert main([*quick, "--section", "b"]) == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--section", "z"], "a, b, c, d"),
        (["--set", "level"], "KEY=VALUE"),
        (["--set", "level=0"], "at least 1"),
        (["--set", "lewel=3"], "level, audit"),
        (["--out", "{file}"], "a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    probe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    (tmp_path / "file").write_text("")
    given = [a.format(file=tmp_path / "file") for a in argv]
    out = [] if "--out" in argv else ["--out", str(tmp_path / "out")]
    assert main(["study", "rounds", *out, *given]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and words in err and not probe and not (tmp_path / "out").exists()


def test_the_old_name_still_runs_a_study(probe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "rounds", "--out", str(tmp_path), "--section", "a"]) == 0
    assert "mari study rounds" in capsys.readouterr().err.splitlines()[0] and sections(tmp_path) == {"a": 11}
    with pytest.raises(SystemExit) as e:
        main(["bench", "rounds", "--smollm2", "runs"])
    assert e.value.code == 2 and capsys.readouterr().err.count("\n") == 2
