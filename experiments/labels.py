"""Labels of rows are free text, and they name files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mari_theory.errors import require


def slug(label: str) -> str:
    """A file name from a label.

    >>> slug("MarI pooled 1 (control)")
    'mari-pooled-1-control'
    """
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in label.lower()).split())


def check_labels(labels: Sequence[tuple[str, str]]) -> None:
    """A label (beside its table) is free text, but names files: no two with one file name, none with that of a model every run has."""
    by_name: dict[str, str] = {}
    for table, label in labels:
        name = slug(label)
        require(bool(name), f"{table}, label", "text with a letter or a digit", label)
        own = re.fullmatch(r"base|oracle|original(-\d+)?|(processed-oracle|oracle|shadow)-\d+", name) is not None
        require(
            not own, f"{table}, label", "another name than the run's own original, base, oracle-0, oracle-1 ...", label
        )
        require(
            name not in by_name,
            f"{table}, label",
            "labels that differ in letters and digits",
            f"{by_name.get(name)!r} and {label!r}",
        )
        by_name[name] = label
