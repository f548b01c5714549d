"""How the commands print: JSON that every reader takes, lines of 79 columns, failures on stderr."""

from __future__ import annotations

import json
import math
import sys
import textwrap
from typing import Any

import numpy as np

COLUMNS = 79


def plain(value: Any) -> Any:
    """The same in JSON's types: NumPy's scalars and arrays as numbers and lists, no number where it is not finite.

    >>> plain({"upper": float("inf"), "counts": (np.int64(2), np.float32("nan"))})
    {'upper': None, 'counts': [2, None]}
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    print(json.dumps(plain(value)))


def print_wrapped(text: str, first: str = "", rest: str = "") -> None:
    """A paragraph; `first` and `rest` indent its first line and the others."""
    print(textwrap.fill(text, COLUMNS, initial_indent=first, subsequent_indent=rest))


def print_failure(command: str, reason: object) -> None:
    """One line on stderr for what was asked rightly and did not succeed."""
    print(f"mari {command}: FAILED: {reason}", file=sys.stderr)
