"""Rungs of the ladder of access that are sampled: the first tokens of one output, and one output to every question about an owner (T35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from experiments.measures.context import Arm, Measurements
from experiments.measures.pair import STATED
from experiments.measures.result import PairResult
from experiments.measures.sampled import Arms, evidence_metadata
from experiments.unlearning.roles import Mixture
from mari_theory.certificates.files import write_scores
from mari_theory.units import Floats

SPLIT = "forget"


class SampledRung(Protocol):
    """What a detector sees of one draw, and how likely that is under an arm."""

    @property
    def name(self) -> str:
        """Also its access in evidence and certificates."""

    @property
    def channel(self) -> str:
        """How a draw is made, for the evidence file."""

    def drawn(self, m: Measurements, arm: Arm) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        """Prompt, owner and tokens of every draw of an arm."""

    def likelihood(self, m: Measurements, of: Arm, drawn: Arm) -> Floats:
        """log P under one arm of what was drawn from another (or the same)."""


@dataclass(frozen=True)
class Prefix:
    """The first tokens of one sampled output; all lengths are read off one set of draws.

    Mixtures enter by the mean over models of the likelihood of the whole prefix, never by a product of averaged conditionals.
    """

    length: int
    """Tokens."""

    @property
    def name(self) -> str:
        return f"prefix-{self.length}"

    @property
    def channel(self) -> str:
        return f"first {self.length} tokens of one sampled output"

    def drawn(self, m: Measurements, arm: Arm) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        draws, items = m.draws(arm, SPLIT, m.config.scoring.draws), m.corpus.splits()[SPLIT]
        index = draws.prompt_index.tolist()
        tokens = [len(o) for o in draws.cut(self.length).outputs]
        return [f"{SPLIT}-{i}" for i in index], [items[i].owner for i in index], tokens

    def likelihood(self, m: Measurements, of: Arm, drawn: Arm) -> Floats:
        return m.likelihood(of, SPLIT, drawn, m.config.scoring.draws, self.length)


@dataclass(frozen=True)
class Owner:
    """One sampled output to every question about one person, all from one model: what a person's whole record gives away."""

    @property
    def name(self) -> str:
        return "owner"

    @property
    def channel(self) -> str:
        return "one sampled output to every question about one owner, all from one model"

    def drawn(self, m: Measurements, arm: Arm) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        draws = m.owner_draws(arm)
        return draws.owners, draws.owners, draws.tokens

    def likelihood(self, m: Measurements, of: Arm, drawn: Arm) -> Floats:
        return m.owner_likelihood(of, drawn)


_RUNGS: list[SampledRung] = [*(Prefix(k) for k in (1, 2, 4, 8, 16, 32)), Owner()]
SAMPLED = {r.name: r for r in _RUNGS}
"""By name."""


def certify_sampled(m: Measurements, row: Mixture, rung: SampledRung) -> PairResult:
    """The oracles against a row's models on a sampled rung."""
    arms = Arms("oracle", m.reference, row, SPLIT)
    both = (arms.p, arms.q)
    log_p, log_q = (np.concatenate([rung.likelihood(m, of, drawn) for drawn in both]) for of in both)
    found = [rung.drawn(m, arm) for arm in both]
    prompts, owners, tokens = ([x for of_arm in found for x in of_arm[k]] for k in range(3))
    sizes = [len(of_arm[0]) for of_arm in found]
    columns: dict[str, Any] = {"prompt_id": prompts, "cluster_id": owners, "arm": np.repeat([0, 1], sizes)}
    columns |= {"log_p": log_p, "log_q": log_q, "tokens": tokens, "draw": np.concatenate([np.arange(n) for n in sizes])}
    path = m.evidence(row.name, f"oracle-{rung.name}")
    seen = {"access": rung.name, "channel": rung.channel}
    write_scores(path, columns, {**evidence_metadata(m, arms, rung.name), **STATED, **seen})
    return PairResult(certificate=m.certify(path, path.stem, m.config.scoring.margin_of(rung.name)))
