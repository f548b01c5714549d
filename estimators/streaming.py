"""Evidence of any size in constant memory: mergeable summaries of score and pool files, on one machine or many.

`init()`, `update(state, batch)`, `merge(a, b)`, `result(state)`. States hold integers only, so every order of updating and
merging gives the same state to the last bit, and the same interval.

>>> rng = np.random.default_rng(0)
>>> arm = np.repeat([0, 1], 500)
>>> x = rng.random(1000) < np.where(arm == 0, 0.3, 0.4)
>>> batch = (arm, np.log(np.where(x, 0.3, 0.7)), np.log(np.where(x, 0.4, 0.6)))
>>> halves = [update(init(), *(column[i::2] for column in batch)) for i in (0, 1)]
>>> result(merge(*halves)) == result(update(init(), *batch))
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from estimators.likelihood_ratio import information_terms
from estimators.order_free import (
    INDEPENDENT,
    Histogram,
    OrderFree,
    empty_histogram,
    histogram,
    merge_histograms,
)
from estimators.pooled import certify_pooled
from estimators.results import Certified, Interval
from mari_theory.certificates.contradictions import refuse_miscalibration
from mari_theory.certificates.files import (
    agree,
    check_likelihoods,
    read_metadata,
    read_pool,
    refuse_copies,
    scan_scores,
    scores_of,
)
from mari_theory.errors import require, require_fraction
from mari_theory.units import LN2, Floats

_CHUNK = 1 << 15
TESTED = 1 << 16
"""Rows an arm that are tested for contradictions."""


class ScoreState(NamedTuple):
    """Per arm: histograms of ln 2 - h(eta) (over ln 2) and of |2 eta - 1|; rows of each prompt and arm; the files' design."""

    information: tuple[Histogram, Histogram]
    lean: tuple[Histogram, Histogram]
    cells: dict[tuple[str, int], int]
    design: str | None = None


def init(design: str | None = None) -> ScoreState:
    """Nothing seen. `design`: `iid` where rows were drawn at random, prompts included."""
    return ScoreState((empty_histogram(), empty_histogram()), (empty_histogram(), empty_histogram()), {}, design)


def update(
    state: ScoreState, arm: NDArray[Any], log_p: Floats, log_q: Floats, prompt: NDArray[Any] | None = None
) -> ScoreState:
    """The state after one more batch of rows; raises `ArgumentError` on NaN, positive log-likelihoods, a row its arm cannot make.

    With `prompt` (ids) the result can see whether both arms hold the prompts in the same proportions.
    """
    lp, lq, arms = check_likelihoods(log_p, log_q, arm)
    information, lean = list(state.information), list(state.lean)
    y, t = np.empty(lp.size), np.empty(lp.size)
    for start in range(0, lp.size, _CHUNK):  # temporaries stay in cache
        part = slice(start, start + _CHUNK)
        y[part], t[part] = information_terms(lp[part], lq[part])
    y /= LN2
    np.minimum(y, 1.0, out=y)
    for which in (0, 1):
        rows = arms == which
        for start in range(0, lp.size, 1 << 26):
            part = slice(start, start + (1 << 26))
            information[which] = merge_histograms(information[which], histogram(y[part][rows[part]]))
            lean[which] = merge_histograms(lean[which], histogram(t[part][rows[part]]))
    cells = dict(state.cells)
    if prompt is not None and state.design != "iid":
        _add(cells, _count(prompt, arms))
    return ScoreState((information[0], information[1]), (lean[0], lean[1]), cells, state.design)


def _count(prompt: NDArray[Any], arms: NDArray[np.int8]) -> dict[tuple[str, int], int]:
    names, code = np.unique(np.asarray(prompt, dtype=object).astype(str), return_inverse=True)
    table = np.bincount(2 * code + arms, minlength=2 * names.size)
    return {(str(names[k // 2]), k % 2): int(n) for k, n in enumerate(table) if n}


def _add(cells: dict[tuple[str, int], int], more: dict[tuple[str, int], int]) -> None:
    for key, n in more.items():
        cells[key] = cells.get(key, 0) + n


def merge(a: ScoreState, b: ScoreState) -> ScoreState:
    """The state after the rows of both."""
    require(a.design == b.design, "design", f"{a.design}, as in the other state", b.design)
    cells = dict(a.cells)
    _add(cells, b.cells)
    return ScoreState(
        (merge_histograms(a.information[0], b.information[0]), merge_histograms(a.information[1], b.information[1])),
        (merge_histograms(a.lean[0], b.lean[0]), merge_histograms(a.lean[1], b.lean[1])),
        cells,
        a.design,
    )


class ScoreResult(NamedTuple):
    """Certified JSD (nats) and total variation; each holds at its own confidence."""

    jsd: Certified
    total_variation: Certified


ASSUMPTIONS = (
    "log_p and log_q are the exact log-likelihoods under the sampling laws",
    "rows are independent (not necessarily identically distributed) draws from the arm they name",
    "prompts weigh as they come, in the same proportions in both arms",
)


def result(state: ScoreState, confidence: float = 0.95) -> ScoreResult:
    """JSD and TV with intervals by `OrderFree` (T15); arms of equal size are taken together, others half the level each.

    Raises `ArgumentError` where the arms hold the prompts in different proportions and the rows were not drawn at random: such rows
    average no divergence. `certify_files` weighs them.
    """
    require_fraction("confidence", confidence)
    for which in (0, 1):
        require(state.information[which].n > 0, "arm", "rows of both arms (0 and 1)", f"no row of arm {which}")
    n, m = (h.n for h in state.information)
    for name in sorted({k for k, _ in state.cells}):
        own = tuple(state.cells.get((name, which), 0) for which in (0, 1))
        balanced = own[0] * m == own[1] * n
        require(
            balanced,
            "prompt_id",
            "every prompt in the same proportion in both arms, or design: iid",
            f"{name}: {own[0]} of {n} and {own[1]} of {m} rows",
        )
    return ScoreResult(
        _estimate("Jensen-Shannon divergence", state.information, LN2, "nats", confidence),
        _estimate("total variation", state.lean, 1.0, "probability", confidence),
    )


def _estimate(quantity: str, arms: tuple[Histogram, Histogram], top: float, unit: str, confidence: float) -> Certified:
    value = sum(0.5 * top * h.total() * 2.0**-52 / h.n for h in arms)
    if arms[0].n == arms[1].n:
        ends = OrderFree().of_histogram(merge_histograms(*arms), confidence, 0.0, top)
    else:
        each = [OrderFree().of_histogram(h, (1 + confidence) / 2, 0.0, top) for h in arms]
        ends = Interval(
            (each[0].lower + each[1].lower) / 2,
            (each[0].upper + each[1].upper) / 2,
            confidence,
            "order-free",
            "T15",
            (INDEPENDENT,),
        )
    interval = Interval(
        ends.lower, min(ends.upper, top), confidence, ends.method, "T15", (*ASSUMPTIONS, *ends.assumptions)
    )
    return Certified(quantity, value, interval, arms[0].n + arms[1].n, unit=unit, method=ends.method)


def summarise_file(path: Path) -> ScoreState:
    """One score file (Parquet) of any size. The first rows of each arm are tested for contradictions (T31) as `certify_files` tests all.

    Raises `ArgumentError` on any fault of the file, on rows that were looked at as they came, on likelihoods that are not the rows' own.
    """
    path = Path(path)
    metadata = read_metadata(path)
    stopping = metadata.get("stopping", "fixed")
    require(
        stopping == "fixed",
        f"{path.name}, stopping",
        "fixed (certify --interval betting-anytime for the rest)",
        stopping,
    )
    state, first = init(metadata.get("design")), []
    counts = np.zeros(2, dtype=np.int64)
    for b in scan_scores(path):
        state = update(state, b.arm, b.log_p, b.log_q, b.prompt)
        if counts.min() < TESTED:
            keep = np.concatenate([np.flatnonzero(b.arm == a)[: max(0, TESTED - int(counts[a]))] for a in (0, 1)])
            first.append(b.rows(np.sort(keep)))
            counts += np.bincount(b.arm, minlength=2)
    if int(counts.min()) > 0:
        refuse_miscalibration(scores_of(first, metadata))
    return state


def summarise_files(paths: Sequence[Path], client: Any = None, progress: bool = False) -> ScoreState:
    """Many score files; with a Dask `client`, one task a file on its workers, which must see the paths.

    A task whose worker dies is run again elsewhere by Dask; the result does not depend on where or in which order. Raises `ArgumentError`
    on a file that comes twice under any name, and on files that differ in what they say of pair, models, prompts, design and stopping.
    """
    require(len(paths) > 0, "files", "at least one score file", "none")
    files = [Path(p) for p in paths]
    agree(files, [read_metadata(p) for p in files])
    refuse_copies(files)
    if client is not None:
        states: Iterable[ScoreState] = client.gather(client.map(summarise_file, files, pure=False))
    else:
        from tqdm import tqdm

        states = (summarise_file(p) for p in tqdm(files, desc="score files", disable=not progress))
    return reduce(merge, states)


class PoolState(NamedTuple):
    """Per arm: exact integer sums of distributions in units of 2^-52 (split at 2^26) and their number."""

    high: NDArray[np.int64]
    low: NDArray[np.int64]
    counts: tuple[int, int]


def init_pool(vocabulary: int) -> PoolState:
    """Nothing seen, `vocabulary` symbols."""
    require(vocabulary >= 1, "vocabulary", "at least one symbol", vocabulary)
    return PoolState(np.zeros((2, vocabulary), np.int64), np.zeros((2, vocabulary), np.int64), (0, 0))


def update_pool(state: PoolState, arm: int, rows: Floats) -> PoolState:
    """After more next-token distributions of one arm, shape (rows, vocabulary); average a sequence's tokens first (T17)."""
    require(arm in (0, 1), "arm", "0 (P) or 1 (Q)", arm)
    r = np.atleast_2d(np.asarray(rows, dtype=float))
    vocabulary = state.high.shape[1]
    require(r.ndim == 2 and r.shape[1] == vocabulary, "rows", f"shape (n, {vocabulary})", r.shape)
    ok = bool(np.all(r >= 0)) and bool(np.all(np.abs(r.sum(axis=1) - 1) <= 1e-6))
    require(ok, "rows", "non-negative rows that sum to 1 within 1e-06", "another row")
    units = np.rint(r * 2.0**52).astype(np.int64)
    high, low, count = state.high.copy(), state.low.copy(), list(state.counts)
    high[arm] += (units >> 26).sum(axis=0)
    low[arm] += (units & ((1 << 26) - 1)).sum(axis=0)
    count[arm] += len(r)
    return PoolState(high, low, (count[0], count[1]))


def merge_pool(a: PoolState, b: PoolState) -> PoolState:
    """After the distributions of both."""
    same = a.high.shape == b.high.shape
    require(same, "pools", "one vocabulary", (a.high.shape[1], b.high.shape[1]))
    return PoolState(a.high + b.high, a.low + b.low, (a.counts[0] + b.counts[0], a.counts[1] + b.counts[1]))


def summarise_pools(paths: Sequence[Path]) -> PoolState:
    """Pool files of one vocabulary, each mean weighted by its counts (rounded once to a multiple of 2^-52 an entry).

    Raises `ArgumentError` on none, a file twice, different vocabularies, more than 2^36 distributions.
    """
    require(len(paths) > 0, "files", "at least one pool file", "none")
    files = [Path(p) for p in paths]
    refuse_copies(files)
    pools = [read_pool(p) for p in files]
    agree(files, [pool.metadata for pool in pools])
    states = []
    for path, pool in zip(files, pools, strict=True):
        complete = pool.metadata.get("finite_population", False)
        require(
            not complete,
            f"{path.name}, finite_population",
            "sampled pools (a complete one goes to certify, T18)",
            complete,
        )
        require(max(pool.n, pool.m) <= 1 << 36, Path(path).name, "at most 2^36 distributions", (pool.n, pool.m))
        units = np.rint(np.stack([pool.p_mean, pool.q_mean]) * 2.0**52).astype(np.int64)
        weight = np.array([[pool.n], [pool.m]])
        states.append(PoolState((units >> 26) * weight, (units & ((1 << 26) - 1)) * weight, (pool.n, pool.m)))
    return reduce(merge_pool, states)


def result_pool(state: PoolState, confidence: float = 0.95, finite_population: bool = False) -> Certified:
    """T17 (or T18 for complete sets) on the exact means; each was rounded by at most 2^-53 an entry."""
    require(min(state.counts) > 0, "pool", "distributions of both arms", state.counts)
    means = []
    for arm in (0, 1):
        total = state.high[arm].astype(np.float64) * 2.0**-26 + state.low[arm].astype(np.float64) * 2.0**-52
        means.append(total / total.sum())
    return certify_pooled(
        means[0], means[1], state.counts[0], state.counts[1], confidence, finite_population=finite_population
    )
