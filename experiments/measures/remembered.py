r"""Items still remembered: how far each has come back from a retrained model to the original, calibrated on what is known to be forgotten.

.. math:: t_i = \frac{\langle u_i - r_i, f_i - r_i \rangle}{\lVert f_i - r_i \rVert^2}, \qquad s_i = t_i \lVert f_i - r_i \rVert

with u, r, f the logarithms of the choice laws of the unlearned model, the oracle and the original: t is 0 at the oracle, 1 at the original,
above 1/2 nearer the original; s is the same in nats, where the noise of a retraining is about alike for all items. That noise depends on
the model and the recipe, so a null hypothesis is never taken from elsewhere: it comes from items that are known to be forgotten, or from
other retrainings, and without either there is no p-value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from estimators.intervals import ClopperPearson
from mari_theory.errors import require
from mari_theory.ranks import max_power
from mari_theory.rounding import up, up_to
from mari_theory.units import Floats, Integers

LEVEL = 0.05
RATE_LEVEL = 0.01
"""The part of the level spent on the upper end of the null rate."""
LEAST_CLEAN = 139
"""From here on two of 40 items beyond all clean ones have p = C(40, 2)/C(179, 2) < 0.05."""
LEAST_LISTED = 399
"""From here on a conformal p-value can be 1/400: two of 40 items can be listed at a false discovery rate of 0.05."""
NEARER = 0.5
"""An item farther back than this is nearer the original than the oracle."""
POWER = 4
"""Exponent of the score: a square sees what is spread over all items, the largest alone sees one. Chosen before looking at any log; the
statistic itself was changed after one of eight published pairs found nothing, so what it finds there is no power on untouched data."""
DRAWS = 9_999
CAPS = (1, 2, 5, 10)
"""Numbers of items for which the largest possible power is told."""


@dataclass(frozen=True)
class Remembered:
    """What is said of the items that are in question."""

    tested: int
    """Items in question."""
    nearer: int
    """Of them nearer the original than the oracle."""
    median: float
    """Of the way back: 0 as the oracle, 1 as the original."""
    calibrated_on: Literal["clean items", "retrainings", "nothing"]
    """Where the null hypothesis comes from."""
    calibration: int
    """How many of those."""
    p_value: float | None = None
    """Of "all are forgotten as the calibration is", from the sum of fourth powers of s where it is positive; beside retrainings the larger of
    two, as it stands and with every model's spread brought to one. None: nothing to calibrate on."""
    rate_upper: float | None = None
    """Upper end for the share of forgotten items that are nearer the original all the same, at confidence 0.99."""
    count_p_value: float | None = None
    """Of the same hypothesis, from the number of items nearer the original and the upper end of the rate; no independence of the two is needed."""
    at_least: int | None = None
    """So many of the items nearer the original are remembered, at confidence 0.95."""
    listed: tuple[int, ...] | None = None
    """Positions among the tested of items with a false discovery rate of at most 0.05. None: too few clean items for a list."""
    caps: tuple[float, ...] | None = None
    """Without calibration: the largest power of any test of level 0.05 of exchangeability within items against 1, 2, 5 and 10 remembered ones (T34)."""

    def __str__(self) -> str:
        """The findings and what each rests on."""
        out = f"{self.nearer} of {self.tested} items nearer the original than the oracle (median way back {self.median:.3f})"
        if self.caps is not None:
            powers = ", ".join(f"{x:.2g} for {m}" for m, x in zip(CAPS, self.caps, strict=True))
            return f"{out}; no p-value: that takes {LEAST_CLEAN} clean items or a second oracle. From exchangeability within items alone no test of level {LEVEL:g} has more power against remembered items than {powers}"
        assert self.p_value is not None and self.count_p_value is not None and self.rate_upper is not None
        source = (
            f"{self.calibration} clean items, taken to be exchangeable with those in question"
            if self.calibrated_on == "clean items"
            else f"{self.calibration} other retraining{'s' * (self.calibration > 1)}, taken to be exchangeable with the unlearned model item by item, items independent"
        )
        out += f"; p = {up_to(self.p_value)} for 'all forgotten', calibrated on {source}"
        out += (
            f". Count bound: at least {self.at_least} remembered at confidence {1 - LEVEL:g} (p = {up_to(self.count_p_value)}; a forgotten item is "
            f"nearer the original at a rate of at most {up(self.rate_upper)})"
        )
        listed = (
            "no list: under 399 clean items"
            if self.listed is None
            else f"{len(self.listed)} listed at a false discovery rate of {LEVEL:g}"
        )
        return f"{out}; {listed}"


@dataclass(frozen=True)
class WayBack:
    """Of one model, an item a number."""

    fraction: Floats
    """t, shape (items,); 0 where oracle and original agree."""
    nats: Floats
    """s, shape (items,)."""

    @property
    def nearer(self) -> NDArray[np.bool_]:
        """Is the item nearer the original?"""
        return self.fraction > NEARER

    def only(self, at: Integers) -> WayBack:
        """The items at these positions."""
        return WayBack(self.fraction[at], self.nats[at])


def way_back(model: Floats, oracle: Floats, original: Floats) -> WayBack:
    """From logarithms of laws, each of shape (items, options).

    >>> r, f = np.log([[0.5, 0.5]]), np.log([[0.8, 0.2]])
    >>> way_back(f, r, f).fraction.tolist(), way_back(r, r, f).fraction.tolist()
    ([1.0], [0.0])
    """
    gap = original - oracle
    size = np.sqrt(np.sum(gap**2, axis=1))
    along = np.sum((model - oracle) * gap, axis=1) / np.where(size > 0, size, 1.0)
    return WayBack(along / np.where(size > 0, size, 1.0), along)


def remembered(
    tested: WayBack, clean: WayBack | None = None, retrained: Sequence[WayBack] = (), seed: int = 0
) -> Remembered:
    """What the items in question say beside clean items of the same model, or beside other retrainings, which are read on the same items
    against the same oracle. Clean items go first where there are enough. Raises `ArgumentError` on retrainings read on other items.
    """
    n, nearer, median = len(tested.nats), int(tested.nearer.sum()), float(np.median(tested.fraction))
    if clean is not None and len(clean.nats) >= LEAST_CLEAN:
        size, hits, trials = len(clean.nats), int(clean.nearer.sum()), len(clean.nats)
        p = p_value(np.concatenate([tested.nats, clean.nats])[None], n, seed)
        kind: Literal["clean items", "retrainings"] = "clean items"
        listed = discoveries(tested.nats, clean.nats) if size >= LEAST_LISTED else None
    elif retrained:
        require(
            all(len(r.nats) == n for r in retrained), "retrained", f"{n} items each", [len(r.nats) for r in retrained]
        )
        # An item is the unit of the rate: retrainings share the oracle, so their readings of one item are not independent.
        size, hits, trials = len(retrained), int(np.any([r.nearer for r in retrained], axis=0).sum()), n
        table = np.vstack([tested.nats, *(r.nats for r in retrained)])
        p = max(p_value(table, 1, seed), p_value(table / _spread(table), 1, seed))
        kind, listed = "retrainings", None
    else:
        return Remembered(n, nearer, median, "nothing", 0, caps=tuple(max_power(LEVEL, 1, m) for m in CAPS))
    rate, count_p, least = count_bound(nearer, n, hits, trials)
    return Remembered(n, nearer, median, kind, size, p, rate, count_p, least, listed)


def _spread(table: Floats) -> Floats:
    """Of each row, by its middle half: a model that is only noisier than a retraining, forwards and backwards, remembers nothing."""
    low, high = np.quantile(table, [0.25, 0.75], axis=1, keepdims=True)
    return np.where(high > low, high - low, 1.0)


def count_bound(nearer: int, items: int, null_hits: int, null_items: int) -> tuple[float, float, int]:
    r"""Upper end q of the null rate, p-value of "all forgotten", and how many items at least are remembered, at confidence 0.95.

    .. math:: p = a + P(\mathrm{Bin}(n, q) \ge k), \qquad P(\text{rate} > q) \le a = 0.01

    A union: calibration and tested items may depend on each other; the items of each may not.

    >>> count_bound(2, 40, 0, 1000)[1] < 0.05 < count_bound(2, 40, 0, 300)[1]
    True
    """
    rate = ClopperPearson().counts(null_hits, null_items, 1.0 - 2.0 * RATE_LEVEL).upper
    p = min(1.0, RATE_LEVEL + float(binom.sf(nearer - 1, items, rate)))
    chance = int(binom.isf(LEVEL - RATE_LEVEL, items, rate))
    return rate, p, max(0, nearer - chance)


def discoveries(scores: Floats, clean: Floats, rate: float = LEVEL) -> tuple[int, ...]:
    """Positions of items whose way back stands out from clean items' at a false discovery rate of at most `rate`.

    Benjamini-Hochberg on conformal p-values, which are positively dependent in the way it needs (Bates et al. 2023).

    >>> discoveries(np.array([0.0, 1.0, 0.9]), np.linspace(-0.5, 0.5, 399))
    (1, 2)
    """
    n, above = len(scores), len(clean) - np.searchsorted(np.sort(clean), scores, side="left")
    p = (1 + above) / (len(clean) + 1)
    ranked = np.sort(p)
    enough = np.flatnonzero(ranked <= rate * np.arange(1, n + 1) / n)
    return tuple(np.flatnonzero(p <= ranked[enough[-1]]).tolist()) if enough.size else ()


def p_value(table: Floats, take: int, seed: int) -> float:
    """Permutation p-value of the sum of the scores of the first `take` (one row: which items are tested), or of the first row
    (several: within every item, which model is in question). Exact where rows, or places, are exchangeable; no assumption on their law."""
    score = np.maximum(table, 0.0) ** POWER
    rows = len(score) > 1
    own = float(score[0].sum() if rows else score[0, :take].sum())
    random, sums = np.random.default_rng(seed), []
    for _ in range(DRAWS // 99):
        if rows:
            picks = random.integers(0, len(score), size=(99, score.shape[1]))
            sums.append(score[picks, np.arange(score.shape[1])].sum(axis=1))
        else:
            sums.append(random.permuted(np.tile(score, (99, 1)), axis=1)[:, :take].sum(axis=1))
    # The same numbers in another order may differ in the last digit: ties count against the finding.
    return float((1 + np.sum(np.concatenate(sums) >= own * (1 - 1e-12))) / (1 + DRAWS))
