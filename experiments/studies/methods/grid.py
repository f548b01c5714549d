"""The grid of the methods study: eight settings or more a row, in `grid.yaml`."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from experiments.config import MethodConfig
from experiments.labels import slug
from mari_theory.errors import require

GRID = Path(__file__).with_name("grid.yaml")
ENDS = "ends"
"""The section of the original and the oracles, between which every method lies."""


def read_grid(path: Path = GRID, fewest: int = 8) -> dict[str, list[MethodConfig]]:
    """Method label -> its settings, one configuration each. Raises `ArgumentError` on fewer."""
    out = {}
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        settings, loop = row.get("settings", {}), row.get("loop", {})
        axes = [("settings", k, v) for k, v in settings.items()] + [("loop", k, v) for k, v in loop.items()]
        entries: list[MethodConfig] = []
        for values in itertools.product(*(v for _, _, v in axes)):
            parts: dict[str, dict[str, Any]] = {
                "settings": {},
                "loop": {"stop_at_holdout": row.get("stop", True)},
            }
            for (part, key, _), value in zip(axes, values, strict=True):
                parts[part][key] = value
            entries.append(MethodConfig(label=f"{row['label']} #{len(entries)}", name=row["name"], **parts))
        require(len(entries) >= fewest, row["label"], f"at least {fewest} settings", len(entries))
        out[row["label"]] = entries
    return out


@cache
def section_labels() -> dict[str, str]:
    """Section of the study -> the method's label.

    >>> section_labels()["npo"]
    'NPO'
    """
    return {slug(label): label for label in read_grid()}


def setting_text(entry: MethodConfig) -> str:
    """The selected setting as a table shows it."""
    return ", ".join(
        f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}"
        for k, v in {**entry.settings, **entry.loop}.items()
        if k != "stop_at_holdout"
    )
