"""Do two tables of owners by owners rank alike? Rank correlations of independent seeds, an interval for their mean, and an exact test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mari_theory.errors import require

Floats = NDArray[np.float64]
RELABELLINGS = 1999
"""Random relabellings of the owners, beside the true one."""
MOST = 0.999
"""Correlations are cut here before Fisher's transform, which is infinite at 1."""


class Part(StrEnum):
    """Which cells of a table (owner, owner asked about) are ranked."""

    OWNERS = "each owner on its own questions"
    PAIRS = "all pairs of owner and questions"
    OTHERS = "pairs of two owners"

    def cells(self, owners: int) -> NDArray[np.bool_]:
        """Its cells; the same after owners are renamed."""
        own = np.eye(owners, dtype=bool)
        return own if self is Part.OWNERS else ~own if self is Part.OTHERS else np.ones_like(own)


@dataclass(frozen=True)
class Agreement:
    """Spearman's correlations between two tables, one a seed."""

    seeds: tuple[float, ...]
    """Of each seed."""
    mean: float
    """Their mean on Fisher's scale, as a correlation."""
    lower: float
    """Lower end of the interval for it."""
    upper: float
    """Upper end."""
    p: float
    """Of the two-sided test by relabelling."""


def agreement(
    first: Sequence[Floats], second: Sequence[Floats], part: Part, confidence: float = 0.95, seed: int = 0
) -> Agreement:
    r"""Spearman's correlation over the part's cells, seed by seed; `first[s]` and `second[s]` have shape (owners, owners).

    The interval is Student's for the mean of \operatorname{artanh} \rho_s over seeds. Cells of one table share owners, a model and a classifier,
    so they are never taken as independent: the seeds are, each with a corpus, weights and batches of its own; what is assumed is that their
    transformed correlations are about normal. p renames the owners of each seed at random, rows and columns together (Mantel 1967): owners are
    drawn alike, so without any relation every renaming is as likely as the true one, and the test is exact for any number of owners.
    A table that does not vary agrees with nothing: 0.

    Raises `ArgumentError` on fewer than two seeds or tables of other shapes.

    >>> tables = [np.random.default_rng(k).random((8, 8)) for k in range(3)]
    >>> found = agreement(tables, [t**2 for t in tables], Part.PAIRS)
    >>> found.seeds, found.p < 0.01
    ((1.0, 1.0, 1.0), True)
    """
    from scipy.stats import t

    require(len(first) == len(second) >= 2, "first, second", "as many tables, at least 2", (len(first), len(second)))
    for a, b in zip(first, second, strict=True):
        require(a.shape == b.shape == (len(a), len(a)), "second", "square tables of the first's shape", b.shape)
    ranks = [(_ranks(a, part), _ranks(b, part)) for a, b in zip(first, second, strict=True)]
    each = np.array([(a * b).sum() for a, b in ranks])
    z = np.arctanh(np.clip(each, -MOST, MOST))
    half = t.ppf(0.5 + confidence / 2, len(z) - 1) * z.std(ddof=1) / np.sqrt(len(z))
    rng = np.random.default_rng([seed, 61])
    chance = np.mean([_renamed(a, b, rng) for a, b in ranks], axis=0)
    as_far = int(np.sum(np.abs(chance) >= abs(each.mean()) - 1e-12))
    low, mean, high = np.tanh([z.mean() - half, z.mean(), z.mean() + half]).tolist()
    return Agreement(tuple(round(x, 12) for x in each.tolist()), mean, low, high, (1 + as_far) / (1 + RELABELLINGS))


def _ranks(table: Floats, part: Part) -> Floats:
    """Ranks of the part's cells, centred, of length 1; other cells 0."""
    from scipy.stats import rankdata

    cells, out = part.cells(len(table)), np.zeros(table.shape)
    ranks = rankdata(table[cells])
    out[cells] = ranks - ranks.mean()
    return np.asarray(out / max(float(np.linalg.norm(out)), 1e-12))


def _renamed(a: Floats, b: Floats, rng: np.random.Generator) -> Floats:
    """Correlations after random renamings, shape (relabellings,)."""
    orders = rng.permuted(np.tile(np.arange(len(a)), (RELABELLINGS, 1)), axis=1)
    return np.asarray(np.einsum("ij,rij->r", a, b[orders[:, :, None], orders[:, None, :]]))
