"""Estimators against the best peers in one run: `python -m benchmarks estimators [--quick] [--out FILE]`.

Speed as a ratio of medians over interleaved runs, so that a slow minute of the machine hits both; accuracy on the same data.
Peers that are not installed are named and left out (`pip install 'mari-theory[bench]'`).
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from tqdm import tqdm

from benchmarks.pages import foot, publish
from estimators import CORRECTIONS, KSG, VARIATIONAL, DiscreteEntropy, DiscreteMI, Estimate
from mari_theory import jensen_shannon
from mari_theory.families import BMI_TASKS, DISCRETE_JOINTS, gaussian_pair

Job = Callable[[], Any]
STREAM = """
import json, resource, sys, time
from pathlib import Path
from estimators.streaming import result, summarise_files
began = time.perf_counter()
made = result(summarise_files([Path(p) for p in sys.argv[1:]]))
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, made.jsd.n]))
"""


def median_seconds(jobs: dict[str, Job], repeats: int) -> dict[str, float]:
    """Median seconds of each job, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(t) for name, t in times.items()}


def speed_row(what: str, jobs: dict[str, Job], repeats: int) -> str:
    """One Markdown row: ours, every peer, ratio to the fastest peer."""
    seconds = median_seconds(jobs, repeats)
    ours = seconds.pop("mari")
    best = min(seconds, key=lambda k: seconds[k])
    peers = ", ".join(f"{k} {v:.3g} s" for k, v in sorted(seconds.items(), key=lambda kv: kv[1]))
    return f"| {what} | {ours:.3g} s | {peers} | **{seconds[best] / ours:.1f}x** ({best}) |"


def _sklearn_ksg(x: Any, y: Any, k: int) -> float:
    """scikit-learn's own algorithm; beyond one column its published steps with its own trees."""
    from scipy.special import psi
    from sklearn.feature_selection import mutual_info_regression
    from sklearn.neighbors import KDTree, NearestNeighbors

    if x.shape[1] == 1:
        return float(mutual_info_regression(x, y[:, 0], n_neighbors=k, random_state=0)[0])
    nn = NearestNeighbors(metric="chebyshev", n_neighbors=k).fit(np.hstack([x, y]))
    radius = np.nextafter(nn.kneighbors()[0][:, -1], 0)
    near = [KDTree(z, metric="chebyshev").query_radius(z, radius, count_only=True) for z in (x, y)]
    return float(psi(len(x)) + psi(k) - np.mean(psi(near[0])) - np.mean(psi(near[1])))


def _infomeasure_ksg(x: Any, y: Any, k: int) -> float:
    import infomeasure

    return float(infomeasure.mutual_information(x, y, approach="metric", k=k, noise_level=0))


def _npeet_ksg(x: Any, y: Any, k: int) -> float:
    from npeet_plus import mi

    return float(mi(x, y, k=k, base=math.e))


def ksg_jobs(x: Any, y: Any, small: bool) -> dict[str, Job]:
    """The same estimate by every library; the slow ones only where `small`."""
    jobs: dict[str, Job] = {"mari": lambda: KSG(3).estimate(x, y)}
    if find_spec("sklearn"):
        jobs["scikit-learn"] = lambda: _sklearn_ksg(x, y, 3)
    if small and find_spec("infomeasure"):
        jobs["infomeasure"] = lambda: _infomeasure_ksg(x, y, 3)
    if small and find_spec("npeet_plus"):
        jobs["NPEET"] = lambda: _npeet_ksg(x, y, 3)
    return jobs


def speeds(quick: bool) -> list[str]:
    """Rows of the speed table."""
    from benchmarks.speed import grid_betting, scipy_jsd
    from estimators import Betting

    rng = np.random.default_rng(0)
    rows = []
    n = 100_000 if quick else 1_000_000
    x, y = gaussian_pair(0.75).sample(n, rng)
    rows.append(speed_row(f"KSG-1, n = {n:,}, 1 + 1 dimensions", ksg_jobs(x, y, False), 1 if not quick else 2))
    x, y = gaussian_pair(0.75).sample(20_000, rng)
    rows.append(speed_row("KSG-1, n = 20,000, 1 + 1 dimensions", ksg_jobs(x, y, True), 3))
    x, y = BMI_TASKS["multinormal-sparse-5-5-2-2.0"].sample(20_000, rng)
    rows.append(speed_row("KSG-1, n = 20,000, 5 + 5 dimensions", ksg_jobs(x, y, True), 1 if quick else 3))
    for dtype in ("float32", "float64"):
        size = 64 if quick else 1024
        p = rng.dirichlet(np.full(50_257, 0.05), size)
        q = p * rng.lognormal(0, 0.3, p.shape)
        q /= q.sum(axis=1, keepdims=True)
        p, q = p.astype(dtype), q.astype(dtype)
        jobs: dict[str, Job] = {
            "mari": partial(jensen_shannon, p, q),
            "SciPy": partial(scipy_jsd, p, q),
        }
        rows.append(speed_row(f"JSD, {size:,} x 50,257 rows, {dtype}", jobs, 5))
    z = rng.beta(2, 5, 100_000)
    jobs = {"mari": lambda: Betting().interval(z), "1,000-point grid": lambda: grid_betting(z, 0.05, 1000)}
    rows.append(speed_row("betting interval, n = 1e5", jobs, 3))
    if find_spec("dit"):
        import dit

        joint = np.random.default_rng(1).dirichlet(np.ones(64)).reshape(8, 8)
        outcomes = [f"{i}{j}" for i in range(8) for j in range(8)]

        def with_dit() -> float:
            law = dit.Distribution(outcomes, joint.ravel().tolist())
            return float(dit.shannon.mutual_information(law, [0], [1]))

        from mari_theory.families import DiscreteJoint

        table = tuple(map(tuple, joint.tolist()))
        jobs = {"mari": lambda: DiscreteJoint(table).mutual_information(), "dit": with_dit}
        rows.append(speed_row("exact MI of an 8 x 8 table", jobs, 5))
    return rows


def small_jsd() -> str:
    """Relative error at a true JSD near 1e-9, against 50 digits."""
    from benchmarks.speed import scipy_jsd

    rng = np.random.default_rng(0)
    worst: dict[str, float] = {}
    for dtype in ("float64", "float32"):
        errors: dict[str, list[float]] = {"mari": [], "SciPy": []}
        for _ in range(3):
            p = rng.dirichlet(np.ones(1000))
            q = p * (1 + 9e-5 * rng.choice([-1, 1], 1000))
            p, q = (v.astype(dtype) for v in (p, q / q.sum()))
            with mpmath.workdps(50):
                total = mpmath.mpf(0)
                for a, b in zip(p.tolist(), q.tolist(), strict=True):
                    a, b = mpmath.mpf(a), mpmath.mpf(b)
                    m = (a + b) / 2
                    total += (a * mpmath.log(a / m) + b * mpmath.log(b / m)) / 2 if a > 0 and b > 0 else 0
                # The rows sum to 1 up to rounding only; both libraries get the same rows.
                truth = float(total)
            errors["mari"].append(abs(float(jensen_shannon(p, q)) / truth - 1))
            errors["SciPy"].append(abs(float(scipy_jsd(p[None], q[None])[0]) / truth - 1))
        for name, e in errors.items():
            worst[f"{name} {dtype}"] = max(e)
    lines = ["| | float64 | float32 |", "| --- | --- | --- |"]
    lines += [f"| {k} | {worst[f'{k} float64']:.1e} | {worst[f'{k} float32']:.1e} |" for k in ("mari", "SciPy")]
    ratio = worst["SciPy float64"] / max(worst["mari float64"], 1e-17)
    return "\n".join(lines) + f"\n\nIn float64 {ratio:.0e} times more accurate."


def accuracy(quick: bool) -> list[str]:
    """Rows: BMI task, truth, relative error of every estimator at n = 10,000."""
    n = 2000 if quick else 10_000
    tasks = (
        "1v1-normal-0.75",
        "1v1-additive-0.1",
        "student-identity-1-1-1",
        "multinormal-dense-2-2-0.5",
        "multinormal-sparse-3-3-2-2.0",
        "multinormal-sparse-5-5-2-2.0",
        "multinormal-dense-25-25-0.5",
        "spiral-multinormal-sparse-3-3-2-2.0",
    )
    names = ["ksg1", "ksg2", *VARIATIONAL]
    rows = ["| task | truth (nats) | " + " | ".join(names) + " |", "|" + " --- |" * (2 + len(names))]
    for task in tqdm(tasks, file=sys.stderr, desc="accuracy"):
        joint = BMI_TASKS[task]
        truth = joint.mutual_information()
        x, y = joint.sample(n, np.random.default_rng(0))
        estimates: list[Estimate] = [KSG(4, v).estimate(x, y) for v in (1, 2)]
        estimates += [VARIATIONAL[name]().estimate(x, y) for name in VARIATIONAL]
        rows.append(
            f"| {task} | {truth:.4f} | " + " | ".join(f"{100 * (e.value / truth - 1):+.1f} %" for e in estimates) + " |"
        )
    return rows


def discrete_accuracy() -> list[str]:
    """Rows: law, bias and root-mean-square error of every correction over 200 samples."""
    rng = np.random.default_rng(0)
    names = list(CORRECTIONS)
    rows = ["| quantity | n | truth | " + " | ".join(names) + " |", "|" + " --- |" * (3 + len(names))]
    p = rng.dirichlet(np.full(500, 0.5))
    truth = -float(np.sum(p * np.log(p)))
    for n in (100, 1000):
        errors = {
            k: [DiscreteEntropy(c, 500).from_counts(rng.multinomial(n, p)).value - truth for _ in range(200)]
            for k, c in CORRECTIONS.items()
        }
        cells = [f"{np.mean(e):+.3f} ({np.sqrt(np.mean(np.square(e))):.3f})" for e in errors.values()]
        rows.append(f"| entropy, Dirichlet(0.5) over 500 symbols | {n} | {truth:.4f} | " + " | ".join(cells) + " |")
    joint = np.array(DISCRETE_JOINTS["skewed"].table)
    truth = DISCRETE_JOINTS["skewed"].mutual_information()
    for n in (50, 500):
        errors = {
            k: [
                DiscreteMI(c, (3, 3)).from_table(rng.multinomial(n, joint.ravel()).reshape(3, 3)).value - truth
                for _ in range(200)
            ]
            for k, c in CORRECTIONS.items()
        }
        cells = [f"{np.mean(e):+.3f} ({np.sqrt(np.mean(np.square(e))):.3f})" for e in errors.values()]
        rows.append(f"| MI, 3 x 3 table | {n} | {truth:.4f} | " + " | ".join(cells) + " |")
    return rows


def streaming(rows: int, folder: Path) -> str:
    """Time and memory of a certified JSD over many score files."""
    from mari_theory.certificates.files import write_scores

    size, rng = 1_000_000, np.random.default_rng(0)
    arm = np.tile([0, 1], size // 2).astype(np.int8)
    x = rng.normal(size=size) + 0.3 * arm
    columns = {
        "prompt_id": ["p"] * size,
        "cluster_id": ["c"] * size,
        "arm": arm,
        "log_p": -0.5 * x**2 - 2,
        "log_q": -0.5 * (x - 0.3) ** 2 - 2,
        "tokens": np.ones(size, dtype=int),
    }
    first = folder / "scores-000.parquet"
    write_scores(first, columns, {"pair": "oracle"})
    paths = [first]
    for i in range(1, rows // size):
        paths.append(folder / f"scores-{i:03d}.parquet")
        os.link(first, paths[-1])
    # Links are one file on disk with many names; `summarise_files` reads each name.
    import json

    done = subprocess.run([sys.executable, "-c", STREAM, *map(str, paths)], capture_output=True, text=True, check=True)
    seconds, memory, n = json.loads(done.stdout)
    return f"`estimators.streaming` over {len(paths)} score files, {n:.0e} rows: {seconds:.0f} s, peak {memory:.2f} GiB in all."


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print Markdown."""
    import tempfile

    parser = argparse.ArgumentParser(prog="python -m benchmarks estimators")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(argv)
    absent = [m for m in ("sklearn", "infomeasure", "npeet_plus", "dit") if not find_spec(m)]
    with tempfile.TemporaryDirectory() as folder:
        stream = streaming(2_000_000 if args.quick else 100_000_000, Path(folder))
    text = (
        "# Estimators beside their peers\n\n## Speed, one run\n\n"
        "Medians of interleaved runs; the ratio is to the fastest peer. confseq, the published betting code, does not install beside a "
        "current NumPy: the grid is its method.\n\n"
        "| what | mari | peers | ratio |\n| --- | --- | --- | --- |\n"
        + "\n".join(speeds(args.quick))
        + f"\n\n{stream}\n\n"
        f"## JSD near 1e-9: largest relative error\n\n{small_jsd()}\n\n"
        "## Counts: bias (root-mean-square error) over 200 samples, nats\n\n" + "\n".join(discrete_accuracy()) + "\n\n"
        f"## Relative error on BMI tasks, n = {'2,000' if args.quick else '10,000'}\n\n"
        "club is an upper bound and loose by design.\n\n" + "\n".join(accuracy(args.quick)) + "\n\n"
        f"{'Not installed: ' + ', '.join(absent) + '. ' if absent else ''}"
        + foot(f"estimators{' --quick' if args.quick else ''}", f"{os.cpu_count()} cores")
        + "\n"
    )
    publish(text, args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
