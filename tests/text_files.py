"""`python -m tests.text_files FILE...`: what pre-commit asks of text files: one newline at the end, YAML that can be read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml


def fault(path: Path) -> str | None:
    """What is wrong with a file, or nothing; binary files are left alone."""
    content = path.read_bytes()
    if b"\0" in content:
        return None
    if content and not content.endswith(b"\n"):
        return "no newline at its end"
    if content.endswith(b"\n\n") or content == b"\n":
        return "empty lines at its end"
    if path.suffix in (".yaml", ".yml"):
        try:
            list(yaml.safe_load_all(content))
        except yaml.YAMLError as e:
            return f"YAML that cannot be read: {' '.join(str(e).split())}"
    return None


def main(names: Sequence[str]) -> int:
    """A line for each fault; 1 when there is one."""
    faults = [(name, fault(Path(name))) for name in names if Path(name).is_file()]
    for name, text in faults:
        if text:
            print(f"{name}: {text}")
    return int(any(text for _, text in faults))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
