"""The checker's own intervals for bounded means: ends by search in floats, and proofs of claimed ends in ball arithmetic (T15).

Shares no code with `estimators`. A lower end m is proved when the capital of the bets on larger means, re-multiplied at m
in balls, has certainly reached 2/delta; an upper end likewise for 1 - y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mari_theory.enclosures.balls import precision
from mari_theory.units import Floats

Ball = Any
CAP = 0.9  # the stakes' cap: part of the methods' definition
LONG = 4096  # longer samples look at the betting capital every 16 outcomes and at the end
CLIP = 5.0  # log-odds beyond this are cut in the term that needs no trust

INFORMATION, LEAN, GIBBS = "information", "lean", "gibbs"
RANGE = {
    INFORMATION: (0.0, math.log(2.0)),
    LEAN: (0.0, 1.0),
    GIBBS: (math.log(2.0) - CLIP - math.log1p(math.exp(-CLIP)), math.log(2.0) - math.log1p(math.exp(-CLIP))),
}
"""Terms, all means over fair arms: ln 2 - h(eta) (mean JSD), |2 eta - 1| (mean TV), ln 2 + ln eta'(Z|X) (mean at most JSD)."""


def unit_term(kind: str, gap: Floats, arm: NDArray[np.int8]) -> Floats:
    """The term scaled to [0, 1]; `gap` is log_q - log_p.

    >>> unit_term(INFORMATION, np.array([0.0, np.inf]), np.array([0, 1], dtype=np.int8)).tolist()
    [0.0, 1.0]
    """
    if kind == GIBBS:
        own = np.clip(np.where(arm == 1, gap, -gap), -CLIP, CLIP)
        low, high = RANGE[GIBBS]
        return np.asarray(np.clip((math.log(2.0) - np.logaddexp(0.0, -own) - low) / (high - low), 0.0, 1.0))
    lean = np.tanh(0.5 * np.abs(gap))
    if kind == LEAN:
        return np.asarray(lean)
    up, down = 1 + lean, 1 - lean
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.where(down > 0, down * np.log(np.where(down > 0, down, 1.0)), 0.0)
    return np.asarray(np.clip((up * np.log(up) + tail) / (2 * math.log(2.0)), 0.0, 1.0))


def unit_ball(kind: str, gap: float, arm: int) -> Ball:
    """The same as a ball."""
    if kind == GIBBS:
        own = gap if arm == 1 else -gap
        x = arb(min(max(own, -CLIP), CLIP))
        cut = arb(CLIP)
        # Scaled by its own exact range: the term at -CLIP is 0, at CLIP it is 1.
        low, high = -((1 + cut.exp()).log()), -((1 + (-cut).exp()).log())
        return (-((1 + (-x).exp()).log()) - low) / (high - low)
    if math.isinf(gap):
        return arb(1)
    lean = abs((arb(gap) / 2).tanh())
    if kind == LEAN:
        return lean
    down = 1 - lean
    tail = down * down.log() if bool(down > 0) else arb(0, 1e-24)
    return ((1 + lean) * (1 + lean).log() + tail) / (2 * arb(2).log())


@dataclass(frozen=True)
class Terms:
    """Independent terms y_r share_r in [0, 1]; `top` times their mean is the mean of y.

    `share` is `smallest cell / cell` (exact as integers); rows with equal gap, arm and cell are kept once.
    """

    kind: str
    """`information`, `lean` or `gibbs`: which term of a row y is (`RANGE`), scaled to [0, 1]."""
    gap: Floats
    """log_q - log_p of each distinct row, nats; without its sign unless the kind is `gibbs`."""
    arm: NDArray[np.int8]
    """0 for P and 1 for Q, one a distinct row; all 0 unless the kind is `gibbs`."""
    cell: NDArray[np.int64]
    """Whole numbers c, one a distinct row: 1/(2c) is the row's weight in the mean."""
    count: NDArray[np.int64]
    """How many rows each distinct row stands for."""
    n: int
    """Rows in all."""

    @property
    def smallest(self) -> int:
        """The smallest cell."""
        return int(self.cell.min())

    @property
    def top(self) -> float:
        """Upper end of the range of the weighted terms, in units of y."""
        return self.n / (2.0 * self.smallest)

    def values(self) -> Floats:
        """The terms in floats."""
        return unit_term(self.kind, self.gap, self.arm) * (self.smallest / self.cell)


def make_terms(kind: str, gap: Floats, arm: NDArray[np.int8], cell: NDArray[np.int64]) -> Terms:
    """Group equal rows. The sign of the gap matters to the term that needs no trust only."""
    g = gap if kind == GIBBS else np.abs(gap)
    side = arm if kind == GIBBS else np.zeros(arm.size, dtype=np.int8)
    order = np.lexsort((cell, side, g))
    g, side, cell = g[order], side[order], cell[order]
    first = np.ones(g.size, dtype=bool)
    first[1:] = (g[1:] != g[:-1]) | (side[1:] != side[:-1]) | (cell[1:] != cell[:-1])
    starts = np.flatnonzero(first)
    count = np.diff(np.append(starts, g.size))
    return Terms(kind, g[starts], side[starts], cell[starts].astype(np.int64), count, int(gap.size))


@lru_cache(maxsize=4096)
def stakes(n: int, delta: float) -> tuple[Floats, Floats]:
    """Stakes and weights of the order-free mixture: for variances 1/4, 1/12, ... down to 1/n^2, weights falling as 1/(j+1)."""
    depth = max(2, math.ceil(2 * math.log(n + 1) / math.log(3)))
    w = 1.0 / np.arange(1, depth + 1)
    return np.sqrt(2 * math.log(2.0 / delta) / (n * 0.25 * 3.0 ** -np.arange(depth))), w / w.sum()


def log_mixture(values: Floats, count: NDArray[np.int64], n: int, delta: float, m: float) -> float:
    """ln of the order-free capital of the bets that the mean is larger than m."""
    bets, w = stakes(n, delta)
    with np.errstate(divide="ignore"):
        logs = np.log1p(np.minimum(bets, CAP / m)[:, None] * (values - m)) @ count + np.log(w)
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


def mixture_end(values: Floats, count: NDArray[np.int64], n: int, delta: float) -> float:
    """The largest mean that the order-free bets on larger means reject, by bisection; 0 where they reject none."""
    level = math.log(2.0 / delta)
    if log_mixture(values, count, n, delta, 1e-15) < level:
        return 0.0
    low, high = 1e-15, 1.0
    for _ in range(54):
        middle = 0.5 * (low + high)
        ok = log_mixture(values, count, n, delta, middle) >= level
        low, high = (middle, high) if ok else (low, middle)
    return low


def order_free_end(t: Terms, delta: float, side: str) -> float:
    """An end for the mean of the weighted terms (in [0, 1])."""
    if side == "lower":
        return mixture_end(t.values(), t.count, t.n, delta)
    return 1.0 - mixture_end(1.0 - t.values(), t.count, t.n, delta)


@dataclass(frozen=True)
class Proof:
    """Order-free capitals in balls."""

    balls: list[Ball]
    """Each distinct term, in [0, 1], enclosed."""
    count: list[int]
    """How many terms each ball stands for."""
    n: int
    """Terms in all."""
    top: tuple[int, int]
    """The mean of y, scaled to [0, 1], is `top[0]/top[1]` times the mean of the n terms."""

    def capital(self, end: float | Ball, delta: float, side: str) -> Ball:
        """Capital of the bets that y averages more than `end` (`lower`), or less (`upper`)."""
        with precision(96):
            mean = arb(end) * self.top[1] / self.top[0]
            m = mean if side == "lower" else 1 - mean
            if side == "lower" and not bool(m > 1e-15):
                m = arb(1e-15)  # what is more than this is more than 0
            if not bool(m > 0):
                return arb(1)
            bets, w = stakes(self.n, delta)
            gaps = [(x if side == "lower" else 1 - x) - m for x in self.balls]
            total = arb(0)
            for stake, weight in zip(np.minimum(bets, CAP / float(m.mid())).tolist(), w.tolist(), strict=True):
                log, product, lam = arb(0), arb(1), arb(stake)
                for i, (d, k) in enumerate(zip(gaps, self.count, strict=True)):
                    product *= (1 + lam * d) ** k if k > 1 else 1 + lam * d
                    if i % 16 == 15:
                        log, product = log + product.log(), arb(1)
                total += (log + product.log()).exp() * arb(weight)
            return total


def proof(t: Terms) -> Proof:
    """Enclose each term once."""
    with precision(96):
        balls = [
            unit_ball(t.kind, g, a) * t.smallest / c
            for g, a, c in zip(t.gap.tolist(), t.arm.tolist(), t.cell.tolist(), strict=True)
        ]
    return Proof(balls, t.count.tolist(), t.n, (t.n, 2 * t.smallest))


def mean_ball(kind: str, gap: Floats, arm: NDArray[np.int8], cell: NDArray[np.int64]) -> Ball:
    """sum of y_r / (2 cell_r): the weighted mean of one owner's rows."""
    with precision(96):
        total = arb(0)
        for g, a, c in zip(gap.tolist(), arm.tolist(), cell.tolist(), strict=True):
            total += unit_ball(kind, g, a) / (2 * c)
        return total


def betting_stakes(x: Floats, delta: float, anytime: bool) -> Floats:
    """Predictable stakes: each knows the outcomes before it."""
    i = np.arange(1, x.size + 1, dtype=float)
    mean = (0.5 + np.cumsum(x)) / (i + 1)
    spread = 0.25 + np.concatenate([[0.0], np.cumsum((x - mean) ** 2)[:-1]])
    horizon = i * np.log1p(i) if anytime else float(x.size)
    return np.asarray(np.sqrt(2 * math.log(2 / delta) * i / (spread * horizon)))


def betting_end(sample: Floats, delta: float, side: str, anytime: bool = False) -> float:
    """An end of the betting interval of pairs in [0, 1], by bisection."""
    x = sample if side == "lower" else 1.0 - sample
    bets, level = betting_stakes(x, delta, anytime), math.log(2 / delta) + 1e-6

    def rejected(m: float) -> bool:
        path = np.cumsum(np.log1p(np.minimum(bets, CAP / m) * (x - m)))
        looks = path if x.size <= LONG else np.append(path[15::16], path[-1])
        return float(looks.max()) >= level

    low, high = 1e-12, 1.0 - 1e-12
    if not rejected(low):
        return 0.0 if side == "lower" else 1.0
    for _ in range(46):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low if side == "lower" else 1.0 - low


def betting_proves(kind: str, gaps: Floats, delta: float, side: str, end: float, anytime: bool) -> bool:
    """Has the betting capital at `end` certainly reached 2/delta? `gaps` has a row an arm; stakes may be any numbers chosen before each outcome."""
    m = end if side == "lower" else 1.0 - end
    if m <= 0.0:
        return True
    arms = np.zeros(gaps.shape[1], dtype=np.int8), np.ones(gaps.shape[1], dtype=np.int8)
    sample = 0.5 * (unit_term(kind, gaps[0], arms[0]) + unit_term(kind, gaps[1], arms[1]))
    x = sample if side == "lower" else 1.0 - sample
    bets = np.minimum(betting_stakes(x, delta, anytime), CAP / m)
    path = np.cumsum(np.log1p(bets * (x - m)))
    steps = int(np.argmax(path)) + 1
    with precision(96):
        mean = arb(end) if side == "lower" else 1 - arb(end)
        target, log, capital = (2 / arb(delta)).log(), arb(0), arb(1)
        for i in range(steps):
            value = (unit_ball(kind, float(gaps[0, i]), 0) + unit_ball(kind, float(gaps[1, i]), 1)) / 2
            value = value if side == "lower" else 1 - value
            capital *= 1 + arb(float(bets[i])) * (value - mean)
            if i % 32 == 31:
                log, capital = log + capital.log(), arb(1)
        return bool(log + capital.log() >= target)


def hoeffding_half(n: int, squares: float, delta: float) -> float:
    """Half-width for n independent weighted terms with sum of squared ranges `squares` (relative to the mean's scale)."""
    return math.sqrt(math.log(2 / delta) * squares / 2) / n


def maurer_pontil_half(sample: Floats, delta: float) -> float:
    """Half-width of the empirical Bernstein interval of pairs; infinite for one pair."""
    if sample.size < 2:
        return math.inf
    n, level = sample.size, math.log(4 / delta)
    return math.sqrt(2 * float(sample.var(ddof=1)) * level / n) + 7 * level / (3 * (n - 1))
