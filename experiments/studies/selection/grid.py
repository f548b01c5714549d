"""The grid of the selection, in `grid.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from experiments.labels import slug
from experiments.studies.methods.grid import ENDS as ENDS
from experiments.studies.methods.grid import read_grid

GRID = Path(__file__).with_name("grid.yaml")
FEWEST = 3
"""Settings a method at least."""


@cache
def section_labels() -> dict[str, str]:
    """Section of the study -> the method's label.

    >>> section_labels()["npo"]
    'NPO'
    """
    return {slug(label): label for label in read_grid(GRID, FEWEST)}
