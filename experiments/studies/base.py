"""What a study is: a question, sections that are measured one by one, and a page that is drawn from their numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.studies.data import Data, Section
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

Numbers = dict[str, Any]
"""What a section's measurement found, as JSON stores it."""


@dataclass(frozen=True)
class Option:
    """What a study can be told beside its sections, as `--set NAME=VALUE`."""

    name: str
    """NAME of `--set`, and key in `Settings.options`."""
    default: int | Path
    """Its type is the option's."""
    text: str
    """What it means, in a few words."""
    least: int = 1
    """The smallest count allowed."""

    def read(self, text: str) -> int | Path:
        """The value from the command line. Raises `ArgumentError` on anything but what the option takes."""
        if isinstance(self.default, Path):
            return Path(text)
        whole = text.isdigit() and int(text) >= self.least
        require(whole, self.name, f"a whole number, at least {self.least}", text)
        return int(text)


@dataclass(frozen=True)
class Settings:
    """How a study is run."""

    run: Path
    """Folder that keeps trained models and what was measured of them; a later run goes on from there."""
    sections: tuple[str, ...]
    """Which are measured, in this order."""
    quick: bool = False
    """Few steps and draws, to see that it runs."""
    options: Mapping[str, int | Path] = field(default_factory=dict)
    """By name; those not given keep their defaults."""

    def count(self, name: str) -> int:
        """An option that is a number."""
        value = self.options[name]
        assert isinstance(value, int)
        return value

    def folder(self, name: str) -> Path:
        """An option that is a folder."""
        value = self.options[name]
        assert isinstance(value, Path)
        return value


@dataclass(frozen=True)
class Page:
    """What a study says of its numbers."""

    lines: list[str]
    """Markdown without the last line, which says how and when it was measured."""
    figures: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    """Path beside the page -> what draws it there."""
    note: str = ""
    """End of the last line, with its own punctuation; empty: the minutes."""


@dataclass(frozen=True)
class Study:
    """A question with its measurement and its page."""

    name: str
    """As `mari study` takes it."""
    sections: tuple[str, ...]
    """Parts that can be measured alone."""
    options: tuple[Option, ...]
    """What can be set beside the sections."""
    measure: Callable[[Settings, Data], None]
    """Keeps the numbers of every asked section in the data as soon as it has them; writes no page."""
    page: Callable[[Mapping[str, Section]], Page]
    """Reads nothing but the data, and needs only the sections that are there."""

    def settings(self, run: Path, sections: list[str], quick: bool, texts: Mapping[str, str]) -> Settings:
        """Checked settings from the words of a command line. Raises `ArgumentError`."""
        by_name = {o.name: o for o in self.options}
        for name in sections:
            require(name in self.sections, "--section", ", ".join(self.sections), name)
        for name in texts:
            require(name in by_name, "--set", ", ".join(by_name) or "nothing: this study has no options", name)
        options = {n: o.read(texts[n]) if n in texts else o.default for n, o in by_name.items()}
        parts = tuple(s for s in self.sections if s in sections) if sections else self.sections
        # Models of a few steps must not be taken for trained ones later.
        return Settings(run / "quick" if quick else run, parts, quick, options)


def measure_each(
    makers: Mapping[str, Callable[[Settings], Numbers | None]], settings: Settings, data: Data, slow: Sequence[str] = ()
) -> None:
    """Measure asked sections that need nothing from each other. One that returns None lacks what it reads, and a quick run leaves out `slow` ones."""
    for name in settings.sections:
        if settings.quick and name in slow:
            data.say(f"{name}: left out of a quick run")
            continue
        data.say(name)
        numbers = makers[name](settings)
        if numbers is None:
            data.say(f"{name}: not measured, what it reads is missing")
        else:
            data.keep(name, numbers)


def write_page(study: Study, data: Data, out: Path) -> list[Path]:
    """Draw `out` (a Markdown file) and its figures from the data; returns what was written, the page first."""
    page = study.page(data.sections)
    paths = [out]
    for name, draw in page.figures.items():
        path = out.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(path)
        paths.append(path)
    write_text(out, "\n".join([*page.lines, *data.foot(page.note), ""]))
    return paths


def markdown_table(heads: list[str]) -> list[str]:
    """The first two lines of a Markdown table.

    >>> markdown_table(["a", "b"])
    ['| a | b |', '| --- | --- |']
    """
    return [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]


def placeholder(study: str, section: str, needs: str = "") -> str:
    """What a page says in the place of a section that the data lack."""
    return f"Not measured yet: `mari study {study} --section {section}`{f' (needs {needs})' if needs else ''}."
