"""What a room holds: the evidence of one theorem, kind by kind, and why a kind is absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from proofs.kit.figures import Drawing
from proofs.kit.mutations import Mutation
from proofs.kit.search import Inequality
from proofs.kit.step import Derivation

KINDS = ("symbolic", "random", "enclosure", "search", "dropped", "formal")
"""The fields of `Evidence` of which each is filled, or its absence explained."""


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    ok: bool
    """Nothing broke the statement."""
    tightness: float | None
    """Attained value over bound at the witness (1 = sharp), None where no bound is involved."""
    note: str
    """What was tried, and the largest deviation."""


Check: TypeAlias = Callable[[np.random.Generator, int], Outcome]
"""Takes a seeded generator and a number of cases."""


@dataclass(frozen=True)
class Dropped:
    """An assumption and a case that breaks the bound without it."""

    what: str
    """The assumption."""
    case: str
    """Where it fails."""
    broken: Callable[[], float]
    """Attained over bound there, or misses over the misses allowed: above 1."""


@dataclass(frozen=True)
class Formal:
    """Where Coq proves a theorem."""

    file: str
    """Name of the Coq file in `proofs/coq`, without `.v`."""
    statements: tuple[str, ...]
    """Names of the theorem's statements there."""


@dataclass(frozen=True)
class Evidence:
    """The evidence of one theorem; every kind is there, or `absent` says why it is not."""

    symbolic: Derivation | None = None
    """A derivation that SymPy checks step by step."""
    random: Check | None = None
    """Random inputs with sharp constants, and a witness that attains the bound."""
    enclosure: Check | None = None
    """The library's floats against balls around the true numbers."""
    search: tuple[Inequality, ...] = ()
    """Inequalities that gradient ascent attacks."""
    dropped: tuple[Dropped, ...] = ()
    """What each assumption is for."""
    formal: Formal | None = None
    """Statements proved in Coq."""
    mutations: tuple[Mutation, ...] = ()
    """Wrong constants that the checks must notice."""
    figure: Drawing | None = None
    """Drawn on the page; None: the search's ratios are."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Kind -> why there is none."""

    def has(self, kind: str) -> bool:
        """Whether there is evidence of one of `KINDS`."""
        return bool(getattr(self, kind))

    def unexplained(self) -> list[str]:
        """Kinds that have neither evidence nor a reason, or both, and reasons for what is no kind; empty in a finished room.

        >>> Evidence(absent=dict.fromkeys(KINDS, "not yet")).unexplained()
        []
        >>> Evidence(absent={"random": "not yet", "rumour": "none"}).unexplained()
        ['symbolic', 'enclosure', 'search', 'dropped', 'formal', 'rumour']
        """
        return [k for k in KINDS if self.has(k) == (k in self.absent)] + [k for k in self.absent if k not in KINDS]
