"""Do retrained models know the data to forget? Those who were trained without them take them for data never seen; if not, they or their base have seen them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from experiments.config import RunConfig
from experiments.data.items import Item
from experiments.measures.context import Measurements, spread_over_owners
from experiments.measures.detectors import blind_scores
from experiments.measures.items import ItemScores, item_scores
from experiments.measures.result import Knowledge, Number
from experiments.seeds import seed_of
from mari_theory.units import Floats, Integers

PERMUTATIONS = 1999
"""With the data themselves 2,000: the p-value is valid for any number of them. Where there are no more ways to divide the owners, each is taken once."""


@dataclass(frozen=True)
class Asked:
    """Items and one model's scores of them."""

    items: Sequence[Item]
    """Questions with their answers."""
    scores: ItemScores
    """Of each."""

    def by_owner(self) -> Floats:
        """Mean log-probability of an answer token, and share of answers known by heart, shape (owners, 2)."""
        columns = (-self.scores.loss, self.scores.exact.astype(float))
        return np.column_stack([owner_means(self.items, x) for x in columns])


def oracle_knowledge(m: Measurements) -> Knowledge | None:
    """Of all retrained models of a run; None where the run trained them from random weights: those have seen nothing else.

    Facts that items that stay state too are left out: a retraining knows them rightly.
    """
    forget = [k for k, i in enumerate(m.corpus.forget) if not i.shared]
    if not may_know(m.config) or not forget:
        return None
    unseen = spread_over_owners(m.config.make_corpus().holdout, m.config.scoring.holdout_items)
    rows = []
    for name in m.oracles:
        known = Asked(m.corpus.forget, m.scores(name, "forget"))
        stays = Asked(m.corpus.retain, m.scores(name, "retain"))
        never = Asked(unseen, item_scores(m.model(name), m.bank.tokenizer, unseen, m.config.unlearn.max_answer))
        rows.append((_some(known, forget), never, stays))
    return knowledge(rows, 1.0 - m.config.confidence, m.config.seed)


def may_know(config: RunConfig) -> bool:
    """Were retrained models made elsewhere, or from a base whose data nobody lists?"""
    return config.model.kind == "adapter" or not isinstance(config.oracles, int)


def knowledge(models: Sequence[tuple[Asked, Asked, Asked]], level: float, seed: int = 0) -> Knowledge:
    r"""Test of "the items to forget are to these models as never-seen ones are", owners as units.

    .. math:: T = \max_j \frac{\bar f_j - \bar u_j}{s_j} - \max(0, d), \qquad p = \frac{1 + \#\{T_\pi \ge T\}}{1 + \#\pi}

    with f_j, u_j the owners' means of score j (each model's log-probability an answer token, and its exact answers), s_j their spread over
    all owners, d the same difference of a text classifier that never saw a model, and T_pi the first term after owners have traded sides.
    `models`: each one's items to forget, never seen and staying, the same items for all. If owners of both kinds are exchangeable to
    the models, p <= level has probability at most `level`, in (0, 1), whatever the number of models; taking d off only lowers it, and keeps what the
    texts alone give away from being taken for knowledge. One owner to forget can reach level a with 1/a - 1 never-seen ones or more.
    """
    forget, unseen, stays = ([asked[k] for asked in models] for k in range(3))
    f, u, s = (np.concatenate([a.by_owner() for a in part], axis=1) for part in (forget, unseen, stays))
    blind = blind_scores(forget[0].items, unseen[0].items)
    offset = 0.0
    if blind is not None:
        parts = (forget[0].items, blind[: len(forget[0].items)]), (unseen[0].items, blind[len(forget[0].items) :])
        own, other = (np.asarray(owner_means(items, x))[:, None] for items, x in parts)
        offset = max(0.0, float(_differences(own, other)[0]))
    largest = int(np.argmax(_differences(f, u)))
    way = float(s[:, largest].mean() - u[:, largest].mean())
    share: Number = float(f[:, largest].mean() - u[:, largest].mean()) / way if way > 0 else None
    return Knowledge(
        p_value=permutation_p(f, u, offset, seed),
        least=1.0 / math.comb(len(f) + len(u), len(f)),
        level=level,
        share=share,
        exact=(float(f[:, 1::2].mean()), float(u[:, 1::2].mean())),
        owners=(len(f), len(u)),
    )


def permutation_p(own: Floats, other: Floats, offset: float = 0.0, seed: int = 0) -> float:
    """p-value of "rows of both come from one law" against larger values of `own`; shapes (n, columns) and (m, columns).

    >>> rng = np.random.default_rng(0)
    >>> permutation_p(rng.normal(3.0, 1.0, (4, 2)), rng.normal(0.0, 1.0, (20, 2)))
    0.0005
    """
    both, n = np.concatenate([own, other]), len(own)
    reached = float(_differences(own, other).max()) - offset - 1e-12
    z, scale = _standard(both), 1.0 / n + 1.0 / len(other)

    def beyond(rows: Sequence[int] | Integers) -> bool:
        return bool((z[list(rows)].sum(0) * scale).max() >= reached)

    ways = math.comb(len(both), n)
    if ways <= PERMUTATIONS:  # all of them, the data's own among them
        return sum(beyond(rows) for rows in combinations(range(len(both)), n)) / ways
    rng = np.random.default_rng(seed_of(seed, "knowledge"))
    return (1 + sum(beyond(rng.permutation(len(both))[:n]) for _ in range(PERMUTATIONS))) / (1 + PERMUTATIONS)


def owner_means(items: Sequence[Item], values: Floats) -> list[float]:
    """Mean of the items of each owner, owners in alphabetical order."""
    owners, index = np.unique([i.owner for i in items], return_inverse=True)
    return list(np.bincount(index, values, len(owners)) / np.bincount(index))


def _standard(x: Floats) -> Floats:
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _differences(own: Floats, other: Floats) -> Floats:
    """Of the columns' means, in standard deviations of both together."""
    z = _standard(np.concatenate([own, other]))
    return np.asarray(z[: len(own)].mean(axis=0) - z[len(own) :].mean(axis=0))


def _some(asked: Asked, rows: Sequence[int]) -> Asked:
    s = asked.scores
    part = ItemScores(
        s.loss[rows],
        s.probability[rows],
        s.exact[rows],
        s.accuracy[rows],
        [s.tokens[k] for k in rows],
        [s.standard[k] for k in rows],
    )
    return Asked([asked.items[k] for k in rows], part)
