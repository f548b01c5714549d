"""Speed and memory of the things people wait for: `python -m benchmarks speed [--out FILE]`.

Ratios are taken within one run on one machine; absolute times are this machine's on that day.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import foot, publish
from estimators import Betting
from mari_theory import jensen_shannon
from mari_theory.certificates.files import write_scores

CERTIFY = """
import json, resource, sys, time
from estimators.certify import certify_files
began = time.perf_counter()
certify_files([sys.argv[1]])
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""


def best_of(repeats: int, job: Callable[[], object]) -> float:
    """Shortest of several runs, seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        job()
        times.append(time.perf_counter() - began)
    return min(times)


def grid_betting(y: NDArray[np.float64], delta: float, points: int) -> tuple[float, float]:
    """The same interval the usual way: both capitals at every point of a grid of means."""
    n, level = y.size, math.log(2 / delta)
    index = np.arange(1, n + 1)
    mean = (0.5 + np.cumsum(y)) / (index + 1)
    spread = 0.25 + np.concatenate([[0.0], np.cumsum((y - mean) ** 2)[:-1]])
    stakes = np.sqrt(2 * level * index / (spread * n))
    means = []
    for m in np.linspace(0, 1, points + 2)[1:-1]:
        up = np.cumsum(np.log1p(np.minimum(stakes, 0.9 / m) * (y - m))).max()
        down = np.cumsum(np.log1p(-np.minimum(stakes, 0.9 / (1 - m)) * (y - m))).max()
        if max(up, down) < level:
            means.append(m)
    return min(means), max(means)


def scipy_jsd(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """SciPy's divergence (its square root, squared)."""
    from scipy.spatial.distance import jensenshannon

    return np.asarray(jensenshannon(p, q, axis=1) ** 2)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks speed")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    rows: list[tuple[str, str, str]] = []
    y = rng.beta(2, 5, 100_000)
    ours = best_of(5, lambda: Betting().interval(y))
    grid = best_of(1, lambda: grid_betting(y, 0.05, 1000))
    rows.append(
        ("betting interval, n = 1e5", f"{1000 * ours:.1f} ms", f"{grid / ours:.0f}x faster than a 1,000-point grid")
    )
    big = rng.beta(2, 5, 10_000_000)
    rows.append(("betting interval, n = 1e7", f"{best_of(1, lambda: Betting().interval(big)):.2f} s", ""))
    del big
    p, q = (rng.dirichlet(np.ones(50_257), size=64) for _ in range(2))
    fast, slow = best_of(3, lambda: jensen_shannon(p, q)), best_of(3, lambda: scipy_jsd(p, q))
    rows.append(("JSD, 64 x 50,257 rows, float64", f"{1000 * fast:.0f} ms", f"{slow / fast:.2f}x the speed of SciPy"))
    n = 1_000_000
    arm = rng.integers(0, 2, n)
    x = rng.normal(0.3 * arm, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        columns = {
            "prompt_id": ["p"] * n,
            "cluster_id": ["c"] * n,
            "arm": arm,
            "log_p": -0.5 * x**2 - 2,
            "log_q": -0.5 * (x - 0.3) ** 2 - 2,
            "tokens": np.ones(n, dtype=int),
        }
        write_scores(path, columns, {"pair": "oracle"})
        done = subprocess.run([sys.executable, "-c", CERTIFY, str(path)], capture_output=True, text=True, check=True)
    seconds, memory = json.loads(done.stdout)
    rows.append(("`mari certify`, 1,000,000 rows", f"{seconds:.1f} s", f"peak {memory:.2f} GiB"))
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import mari_theory, estimators"], check=True)
    rows.append(
        ("`import mari_theory, estimators`", f"{time.perf_counter() - began:.2f} s", "interpreter start included")
    )
    lines = ["| what | time | against |", "| --- | --- | --- |", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    publish("\n".join(["# Speed", "", *lines, "", foot("speed", "2 threads at most"), ""]), args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
