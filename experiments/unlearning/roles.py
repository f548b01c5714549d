"""What a model of a run is for: an original, an oracle, or an entry of the methods table. Names are made from roles, never read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from experiments.config import RunConfig
from experiments.seeds import seed_of

Kind = Literal["original", "oracle", "method"]
"""Of a row in results."""


@dataclass(frozen=True)
class Original:
    """The model that has learnt everything, the forget set included."""

    index: int | None = None
    """Which of the run's seeds; None where the run has one."""
    kind: Kind = "original"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it."""
        return "original" if self.index is None else f"original-{self.index}"

    def seed(self, run: int) -> int:
        """Of its batches and, from scratch, of its first weights."""
        return run * 100 if not self.index else seed_of(run, "original", self.index) % 2**31


@dataclass(frozen=True)
class Oracle:
    """A retraining that never saw the forget set."""

    index: int
    """Number of the oracle, from 0; its seed follows from it."""
    kind: Kind = "oracle"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it."""
        return f"oracle-{self.index}"

    def seed(self, run: int) -> int:
        """Of its batches and, from scratch, of its first weights."""
        return run * 100 + 1 + self.index if self.index < 40 else seed_of(run, "oracle", self.index) % 2**31


@dataclass(frozen=True)
class Shadow:
    """One more retraining without the forget set: what attacks and exact ranks are calibrated with, never an arm of a certificate."""

    index: int
    """Number of the shadow, from 0."""
    kind: Kind = "oracle"
    """It never saw the forget set."""

    @property
    def name(self) -> str:
        """As evidence calls it."""
        return f"shadow-{self.index}"

    def seed(self, run: int) -> int:
        """Of its batches and, from scratch, of its first weights."""
        return seed_of(run, "shadow", self.index) % 2**31


@dataclass(frozen=True)
class ProcessedOracle:
    """An oracle after the further training that unlearned models had, with nothing to forget (T36; Sekhari et al. 2021)."""

    index: int
    """Number of the oracle it was."""
    kind: Kind = "oracle"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it."""
        return f"processed-oracle-{self.index}"

    def seed(self, run: int) -> int:
        """Of its batches."""
        return seed_of(run, "processed oracle", self.index) % 2**31


@dataclass(frozen=True)
class Entry:
    """An unlearned model: an original after a method of the methods table, or one made elsewhere."""

    label: str
    """Its label, which no other row has."""
    index: int | None = None
    """Which of the run's seeds; None where the run has one."""
    kind: Kind = "method"
    """Of its row in results."""

    @property
    def name(self) -> str:
        """As tables and evidence call it: the label."""
        return self.label if self.index is None else f"{self.label}, seed {self.index}"

    def seed(self, run: int, own: int = 0) -> int:
        """Of its batches; `own` is the row's own seed."""
        return run * 100 + 50 + own if not self.index else seed_of(run, "entry", own, self.index) % 2**31


Role = Original | Oracle | Shadow | ProcessedOracle | Entry


@dataclass(frozen=True)
class Mixture:
    """The models of one row of a table: trained alike, each with a seed of its own. A judge of it does not know which (T33)."""

    name: str
    """Of the row."""
    kind: Kind
    """As results have it."""
    roles: tuple[Role, ...]
    """One a seed."""

    @property
    def members(self) -> tuple[str, ...]:
        """Names of its models."""
        return tuple(r.name for r in self.roles)


def seeds_of(config: RunConfig) -> list[int | None]:
    """An index a seed; a run with one seed leaves it out of names."""
    return [None] if config.seeds == 1 else list(range(config.seeds))


def originals_of(config: RunConfig) -> list[Original]:
    """One a seed."""
    return [Original(k) for k in seeds_of(config)]


def oracles_of(config: RunConfig) -> list[Oracle]:
    """Same data, same schedule, other seeds.

    >>> [o.name for o in oracles_of(RunConfig(oracles=2))]
    ['oracle-0', 'oracle-1']
    """
    return [Oracle(k) for k in range(config.oracle_count)]


def shadows_of(config: RunConfig) -> list[Shadow]:
    """As many as the run asks for."""
    return [Shadow(k) for k in range(config.shadows)]


def entries_of(config: RunConfig) -> list[Entry]:
    """One a row of the methods table and seed."""
    return [Entry(m.label, k) for m in config.methods for k in seeds_of(config)]


def ready_path(config: RunConfig, role: Role) -> str | None:
    """Folder or hub id of a model made elsewhere; None for one that the run trains.

    >>> ready_path(RunConfig(oracles=["a", "b"]), Oracle(1)), ready_path(RunConfig(), Oracle(1))
    ('b', None)
    """
    if isinstance(role, Oracle):
        return None if isinstance(config.oracles, int) else config.oracles[role.index]
    if isinstance(role, Original):
        paths = config.original
    elif isinstance(role, Entry):
        paths = next((m.path for m in config.models if m.label == role.label), None)
    else:
        return None
    return paths[role.index or 0] if paths else None


def ready_roles(config: RunConfig) -> dict[Role, str]:
    """Every model made elsewhere, and where it is."""
    return {role: path for role in roles_of(config) if (path := ready_path(config, role)) is not None}


def trains_from_base(config: RunConfig) -> bool:
    """Does the run train an original, an oracle or a shadow?"""
    roles: list[Role] = [*originals_of(config), *oracles_of(config), *shadows_of(config)]
    return any(ready_path(config, role) is None for role in roles)


def start_of(role: Role) -> Original | Oracle | None:
    """The model that a role's training starts from; None for the base, or for random weights."""
    if isinstance(role, Entry):
        return Original(role.index)
    return Oracle(role.index) if isinstance(role, ProcessedOracle) else None


def retrained_of(config: RunConfig) -> Sequence[Oracle | ProcessedOracle]:
    """The models that everything is compared with: oracles, or processed oracles where the run says so (T36)."""
    if config.reference == "retrained":
        return oracles_of(config)
    return [ProcessedOracle(k) for k in range(config.oracle_count)]


def roles_of(config: RunConfig) -> list[Role]:
    """Every model of a run, in the order in which they can be trained."""
    processed = retrained_of(config) if config.reference == "processed" else []
    ready = [Entry(m.label, k) for m in config.models for k in seeds_of(config)]
    return [*originals_of(config), *oracles_of(config), *shadows_of(config), *processed, *entries_of(config), *ready]


def mixtures_of(config: RunConfig) -> list[Mixture]:
    """The rows of a run: originals, every method, every ready model, and as many retrained models as a row has seeds: the floor (R' of T33)."""
    rows = [Mixture("original", "original", tuple(originals_of(config)))]
    for label in (*(m.label for m in config.methods), *(m.label for m in config.models)):
        rows.append(Mixture(label, "method", tuple(Entry(label, k) for k in seeds_of(config))))
    floor = tuple(retrained_of(config)[: config.seeds])
    return [*rows, Mixture(floor[0].name if len(floor) == 1 else "oracle", "oracle", floor)]


def row_of(config: RunConfig, name: str) -> Mixture:
    """One model of a run, by its name, as a row of its own."""
    role = next(r for r in roles_of(config) if r.name == name)
    return Mixture(name, role.kind, (role,))


def reference_names(config: RunConfig) -> tuple[str, ...]:
    """The oracle arm of every row, the floor's too, so that all are read against the same number of models: the retrained ones left.

    >>> reference_names(RunConfig(oracles=3))
    ('oracle-1', 'oracle-2')
    """
    return tuple(r.name for r in retrained_of(config)[config.seeds :])


def oracle_names(config: RunConfig) -> list[str]:
    """Names of all retrained models."""
    return [o.name for o in retrained_of(config)]


def oracle_pairs(oracles: Sequence[str]) -> list[tuple[str, str]]:
    """Every two oracles: two exact retrainings differ, and by how much is the floor of every oracle number (T25)."""
    return list(combinations(oracles, 2))


def oracle_arm(oracles: Sequence[str], row: str) -> tuple[str, ...]:
    """The other oracles for an oracle; for any other model as many: all but the first.

    >>> oracle_arm(["oracle-0", "oracle-1"], "oracle-1"), oracle_arm(["oracle-0", "oracle-1"], "original")
    (('oracle-0',), ('oracle-1',))
    """
    return tuple(o for o in oracles if o != (row if row in oracles else oracles[0]))
