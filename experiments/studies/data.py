"""`data.json` of a study: numbers section by section, each with the command, day and machine that made it."""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mari_theory.certificates.files import strict_json, write_text
from mari_theory.errors import require


@dataclass(frozen=True)
class Record:
    """How a section came to be."""

    command: str
    """Command line that measured it."""
    date: str
    """Day it was kept, as YYYY-MM-DD."""
    machine: str
    """Processor, cores and versions."""
    minutes: float
    """Wall time of this section's measurement."""
    quick: bool = False
    """From a quick run: no number to publish."""
    source: str = ""
    """Empty when measured; else the published page that these numbers were read from, with the digits printed there."""
    note: str = ""
    """What else that page said of its making."""


@dataclass(frozen=True)
class Section:
    """Numbers and how they came to be."""

    made: Record
    """How they came to be."""
    numbers: dict[str, Any]
    """By name, as JSON holds them: a number that is not finite is None."""


class Data:
    """The data file of one study, open for measuring; every kept section is on disk at once and no other is touched."""

    def __init__(self, path: Path, study: str, command: str = "", quick: bool = False) -> None:
        self.path, self.study, self.command, self.quick = path, study, command, quick
        self.sections: dict[str, Section] = {}
        if path.is_file():
            data = strict_json(path.read_bytes(), str(path))
            own = isinstance(data, dict) and data.get("study") == study and isinstance(data.get("sections"), dict)
            require(own, "data.json", f"data of the study {study}", path)
            self.sections = {k: Section(Record(**s["made"]), dict(s["numbers"])) for k, s in data["sections"].items()}
        self._since = time.perf_counter()

    def refuse_quick_over_measured(self, names: tuple[str, ...]) -> None:
        """Raises `ArgumentError` where a quick run would replace numbers that a full one made."""
        full = [n for n in names if n in self.sections and not self.sections[n].made.quick]
        require(not (self.quick and full), "--quick", "another --out: this one holds full measurements", self.path)

    def say(self, text: str) -> None:
        """Progress, on stderr."""
        print(f"{self.study}: {text}", file=sys.stderr, flush=True)

    def keep(self, name: str, numbers: Mapping[str, Any]) -> None:
        """Store one section; the others stay as they are on disk."""
        now = time.perf_counter()
        record = Record(
            self.command,
            datetime.date.today().isoformat(),
            machine(),
            (now - self._since) / 60,
            self.quick,
        )
        self._since = now
        self.put(name, Section(record, plain(dict(numbers))))

    def put(self, name: str, section: Section) -> None:
        """Store a section as it is."""
        # What another process kept meanwhile stays.
        self.sections = {**Data(self.path, self.study).sections, name: section}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        data = {"study": self.study, "sections": {k: asdict(s) for k, s in self.sections.items()}}
        write_text(self.path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n")

    def foot(self, note: str = "") -> list[str]:
        """The last lines of a page: command, day and machine, a line for every run that made a part of it."""
        runs: dict[tuple[str, str, str], list[str]] = {}
        for name, section in self.sections.items():
            m = section.made
            runs.setdefault((m.command, m.date, m.machine), []).append(name)
        lines = []
        for (command, date, where), names in runs.items():
            records = [self.sections[n].made for n in names]
            notes = {m.note for m in records}
            minutes = f", {sum(m.minutes for m in records):.0f} min."
            end = notes.pop() if len(notes) == 1 and "" not in notes else (note if len(runs) == 1 else "") or minutes
            which = f"{', '.join(names)}: " if len(runs) > 1 else ""
            lines += ["", f"{which}`{command}`, {date}, {where}{end}"]
        return lines[1:]


def machine() -> str:
    """Processor, cores and versions, as the last line of a page names them."""
    import torch

    return (
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, Python {platform.python_version()}"
    )


def plain(x: Any) -> Any:
    """What JSON can hold: numbers of NumPy as Python's, numbers that are not finite as null.

    >>> plain({"a": [np.float64(0.5), float("nan")]})
    {'a': [0.5, None]}
    """
    if isinstance(x, Mapping):
        return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, np.generic):
        return plain(x.item())
    return None if isinstance(x, float) and not math.isfinite(x) else x
