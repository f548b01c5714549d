"""The end of every generated page: the command, the day and the machine."""

from __future__ import annotations

import datetime
import platform
from pathlib import Path

import torch

from mari_theory.certificates.files import write_text


def write_page(out: Path, lines: list[str], command: str, note: str) -> None:
    """Write and print a page; `note` follows the machine and begins with its own punctuation."""
    foot = f"`{command}`, {datetime.date.today().isoformat()}, {platform.machine()}, 2 cores, torch {torch.__version__}, Python {platform.python_version()}{note}"
    text = "\n".join([*lines, foot, ""])
    write_text(out, text)
    print(text)
