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
    """What a check found.

    `ok`: nothing broke the statement. `tightness`: attained value over bound at the witness (1 = sharp), None where no bound is involved.
    `note`: what was tried, and the largest deviation.
    """

    ok: bool
    tightness: float | None
    note: str


Check: TypeAlias = Callable[[np.random.Generator, int], Outcome]
"""Takes a seeded generator and a number of cases."""


@dataclass(frozen=True)
class Dropped:
    """An assumption and a case that breaks the bound without it.

    `what` is the assumption, `case` where it fails; `broken()` is attained over bound there, or misses over the misses allowed: above 1.
    """

    what: str
    case: str
    broken: Callable[[], float]


@dataclass(frozen=True)
class Formal:
    """The Coq file (without `.v`) and the names of the theorem's statements there."""

    file: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """The evidence of one theorem; every kind is there, or `absent` says why it is not.

    `symbolic`: a derivation that SymPy checks step by step. `random`: random inputs with sharp constants, and a witness that attains the
    bound. `enclosure`: the library's floats against balls around the true numbers. `search`: inequalities that gradient ascent attacks.
    `dropped`: what each assumption is for. `formal`: statements proved in Coq. `mutations`: wrong constants that the checks must notice.
    `figure`: drawn on the page; without one, the search's ratios are.
    """

    symbolic: Derivation | None = None
    random: Check | None = None
    enclosure: Check | None = None
    search: tuple[Inequality, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    formal: Formal | None = None
    mutations: tuple[Mutation, ...] = ()
    figure: Drawing | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

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
