"""The figure of a theorem on the page of `mari verify`: random pairs, the bound, and marks where it is attained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mari_theory import jensen_shannon
from mari_theory.figure_style import BAND as BAND
from mari_theory.figure_style import COLOURS
from mari_theory.figure_style import INK as INK
from mari_theory.units import LN2, Floats
from proofs.kit.laws import random_pairs

POINTS, BOUND = COLOURS[0], COLOURS[1]
Axes: TypeAlias = Any
"""matplotlib's, which only the page imports."""


@dataclass(frozen=True)
class Drawing:
    """A theorem's own figure."""

    draw: Callable[[Axes, np.random.Generator], None]
    """Fills the axes it is given, with a seeded generator for random pairs."""
    caption: str
    """What the dots and marks are."""


def figure_pairs(rng: np.random.Generator, cases: int = 400) -> tuple[Floats, Floats, Floats]:
    """Random pairs of two to four symbols, padded to four, and their divergences."""
    parts = [random_pairs(rng, cases // 4, k) for k in (2, 3, 3, 4)]
    pad = [[np.pad(x, ((0, 0), (0, 4 - x.shape[1]))) for x in part] for part in parts]
    p, q = (np.concatenate([part[i] for part in pad]) for i in (0, 1))
    return p, q, np.minimum(jensen_shannon(p, q), LN2)


def label(axes: Axes, x: str, y: str) -> None:
    """Name both axes."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
