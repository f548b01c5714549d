"""Merging in any order gives one state, to the last bit; files of any number; a cluster that loses a worker."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from estimators import OrderFree, certify_likelihood_ratio
from estimators.streaming import (
    init,
    init_pool,
    merge,
    merge_pool,
    result,
    result_pool,
    summarise_file,
    summarise_files,
    summarise_pools,
    update,
    update_pool,
)
from mari_theory import ArgumentError
from mari_theory.certificates.files import write_scores
from mari_theory.families import PAIRS, GaussianPair

PAIR = GaussianPair(0.0, 1.0, 0.5, 1.0)


def batch(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.concatenate([PAIR.sample(0, n, rng), PAIR.sample(1, n, rng)])
    log_p, log_q = PAIR.log_likelihoods(x)
    return np.repeat([0, 1], n), log_p - 1, log_q - 1


def same(a: object, b: object) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(flat(a), flat(b), strict=True))


def flat(state: object) -> list[np.ndarray]:
    if isinstance(state, dict):
        state = tuple(sorted(state.items()))
    return (
        [state]
        if isinstance(state, np.ndarray)
        else [x for part in state for x in flat(part)]
        if isinstance(state, tuple)
        else [np.array(state)]
    )


def test_any_order_of_merging_gives_one_state() -> None:
    parts = [update(init(), *batch(50, seed)) for seed in range(4)]
    whole = init()
    for seed in range(4):
        whole = update(whole, *batch(50, seed))
    for order in permutations(parts):
        left = merge(merge(order[0], order[1]), merge(order[2], order[3]))
        right = merge(order[0], merge(order[1], merge(order[2], order[3])))
        assert same(left, whole) and same(right, whole)
    assert result(whole).jsd == result(merge(parts[3], merge(parts[2], merge(parts[1], parts[0])))).jsd
    assert same(merge(init(), whole), whole)


@pytest.mark.parametrize("law", PAIRS)
def test_stream_agrees_with_the_whole_sample(law: str, rng: np.random.Generator) -> None:
    pair, n = PAIRS[law], 2000
    x = np.concatenate([pair.sample(0, n, rng), pair.sample(1, n, rng)])
    log_p, log_q = pair.log_likelihoods(x)
    arm = np.repeat([0, 1], n)
    made = result(update(init(), arm, log_p, log_q))
    other = certify_likelihood_ratio(log_p, log_q, arm)
    assert made.jsd.value == pytest.approx(other.jsd.value, abs=1e-12)
    assert made.total_variation.value == pytest.approx(other.total_variation.value, abs=1e-12)
    assert pair.jsd() in made.jsd.interval or made.jsd.interval.upper == pytest.approx(pair.jsd(), abs=1e-9)
    # A stream keeps bins of 1/32 octave, a whole sample of few different values keeps the values.
    assert 0.0 <= other.jsd.interval.lower - made.jsd.interval.lower + 1e-12 <= 2e-4 * pair.jsd() + 1e-9
    assert 0.0 <= made.jsd.interval.upper - other.jsd.interval.upper + 1e-12 <= 2e-4


def test_stratified_rows_are_covered(rng: np.random.Generator) -> None:
    """Half the terms are 0.2, half 0.8, with noise: not identically distributed. 400 replicates, budget 1e-6."""
    misses = 0
    for _ in range(400):
        y = np.concatenate([0.2 + 0.1 * rng.choice([-1, 1], 100), 0.8 + 0.1 * rng.choice([-1, 1], 100)])
        misses += 0.5 not in OrderFree().interval(y)
    assert misses <= 45


def test_unequal_arms_share_the_level() -> None:
    arm, log_p, log_q = batch(400, 0)
    made = result(update(init(), arm[:700], log_p[:700], log_q[:700]))
    assert PAIR.jsd() in made.jsd.interval


def write(path: Path, seed: int) -> Path:
    arm, log_p, log_q = batch(300, seed)
    columns = {
        "prompt_id": ["p"] * 600,
        "cluster_id": ["c"] * 600,
        "arm": arm,
        "log_p": log_p,
        "log_q": log_q,
        "tokens": [1] * 600,
    }
    write_scores(path, columns, {"pair": "oracle"})
    return path


def test_files_in_any_order(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{i}.parquet", i) for i in range(3)]
    assert same(summarise_files(paths), summarise_files(paths[::-1]))
    with pytest.raises(ArgumentError, match="once"):
        summarise_files([paths[0], paths[0]])
    with pytest.raises(ArgumentError, match="at least one"):
        summarise_files([])
    (tmp_path / "cut.parquet").write_bytes(paths[0].read_bytes()[:500])
    with pytest.raises(ArgumentError, match="complete Parquet"):
        summarise_file(tmp_path / "cut.parquet")


def test_a_cluster_that_loses_a_worker(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    paths = [write(tmp_path / f"{i}.parquet", i) for i in range(8)]
    local = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster) as client:
        assert same(summarise_files(paths, client), summarise_files(paths))
        import os
        import signal
        import threading

        pids = list(client.run(os.getpid).values())
        threading.Timer(0.02, os.kill, (pids[0], signal.SIGKILL)).start()
        assert same(summarise_files(paths * 1, client), summarise_files(paths))


def test_pools_merge_exactly(rng: np.random.Generator) -> None:
    rows = [rng.dirichlet(np.ones(20), size=30) for _ in range(2)]
    whole = update_pool(update_pool(init_pool(20), 0, rows[0]), 1, rows[1])
    parts = [update_pool(init_pool(20), arm, rows[arm][i::3]) for arm in (0, 1) for i in range(3)]
    for order in ([0, 1, 2, 3, 4, 5], [5, 3, 1, 4, 2, 0]):
        state = init_pool(20)
        for i in order:
            state = merge_pool(parts[i], state)
        assert same(state, whole)
    made = result_pool(whole)
    means = [r.mean(axis=0) for r in rows]
    from estimators import certify_pooled

    assert made.value == pytest.approx(certify_pooled(means[0], means[1], 30, 30).value, rel=1e-9)


def test_pool_files_in_any_order(tmp_path: Path, rng: np.random.Generator) -> None:
    from mari_theory.certificates.files import Pool, write_pool

    paths, rows = [], []
    for i, n in enumerate((5, 20)):
        p, q = rng.dirichlet(np.ones(6), size=n), rng.dirichlet(np.ones(6), size=n)
        rows.append((p, q))
        paths.append(tmp_path / f"{i}.npz")
        write_pool(paths[-1], Pool(p.mean(axis=0), q.mean(axis=0), n, n, {"pair": "marginal"}))
    one, other = summarise_pools(paths), summarise_pools(paths[::-1])
    assert same(one, other) and one.counts == (25, 25)
    means = [np.concatenate([r[arm] for r in rows]).mean(axis=0) for arm in (0, 1)]
    from mari_theory import jensen_shannon

    assert result_pool(one).value == pytest.approx(float(jensen_shannon(*means)), rel=1e-9)
    with pytest.raises(ArgumentError, match="once"):
        summarise_pools([paths[0], paths[0]])


def test_bad_batches_are_refused(rng: np.random.Generator) -> None:
    zero = np.zeros(2)
    for arm, log_p, log_q, words in (
        ([0, 2], zero, zero, "only 0"),
        ([0, 1], [math.nan, 0.0], zero, "NaN"),
        ([0, 1], [1.0, 0.0], zero, "at most 0"),
        ([0, 1], [-math.inf, 0.0], zero, "this arm generated"),
        ([0], zero, zero, "one length"),
    ):
        with pytest.raises(ArgumentError, match=words):
            update(init(), np.array(arm), np.array(log_p), np.array(log_q))
    with pytest.raises(ArgumentError, match="no row of arm 1"):
        result(update(init(), np.array([0, 0]), zero, zero))
    with pytest.raises(ArgumentError, match="sum to 1"):
        update_pool(init_pool(3), 0, np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="one vocabulary"):
        merge_pool(init_pool(3), init_pool(4))
