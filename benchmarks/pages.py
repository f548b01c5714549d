"""The end of every generated page: the command, the day and the machine."""

from __future__ import annotations

import datetime
import platform
from pathlib import Path

from mari_theory.certificates.files import write_text


def foot(command: str, *cores: str) -> str:
    """The last line."""
    python = f"Python {platform.python_version()}"
    where = ", ".join([datetime.date.today().isoformat(), platform.machine(), *cores, python])
    return f"`python -m benchmarks {command}`, {where}."


def publish(text: str, out: Path | None) -> None:
    """Print a page, and write it where it is asked for."""
    if out is not None:
        write_text(out, text)
    print(text)
