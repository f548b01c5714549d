"""Coverage of every interval on every law, by simulation: `python -m benchmarks.coverage [--quick] [--out FILE]`.

A miss count is beyond chance when its binomial probability at the nominal rate is below 1e-6 for the whole table: that is
the table's false-alarm budget, split over its cells.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from estimators.intervals import INTERVALS, ClopperPearson

Floats = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int], Floats]

LAWS: dict[str, tuple[float, Sampler]] = {
    "Bernoulli(0.3)": (0.3, lambda g, n: (g.random(n) < 0.3).astype(float)),
    "Beta(2, 5)": (2 / 7, lambda g, n: g.beta(2, 5, n)),
    "two-point {0.2, 0.6}": (0.36, lambda g, n: np.where(g.random(n) < 0.6, 0.2, 0.6)),
    "U-shaped Beta(0.2, 0.2)": (0.5, lambda g, n: g.beta(0.2, 0.2, n)),
    "near-degenerate Bernoulli(0.002)": (0.002, lambda g, n: (g.random(n) < 0.002).astype(float)),
    "near-constant 0.5 +- 0.001": (0.5, lambda g, n: 0.5 + 0.001 * np.sign(g.random(n) - 0.5)),
}
"""Law -> (exact mean, sampler); a new row is simulated everywhere."""
SIZES = (20, 200, 2000)
CONFIDENCES = (0.9, 0.95, 0.99)
METHODS = {**INTERVALS, "clopper-pearson": ClopperPearson()}


@dataclass(frozen=True)
class Cell:
    """One cell of the table."""

    law: str
    n: int
    confidence: float
    method: str
    misses: int
    replicates: int
    width: float

    def beyond_chance(self, cells: int) -> bool:
        """More misses than a rate of 1 - confidence explains, at 1e-6 over `cells` cells."""
        from scipy.stats import binom

        return bool(binom.sf(self.misses - 1, self.replicates, 1 - self.confidence) < 1e-6 / cells)


def simulate(law: str, n: int, confidence: float, replicates: int, seed: int = 0) -> list[Cell]:
    """All methods on the same samples of one law."""
    mean, sampler = LAWS[law]
    rng = np.random.default_rng([seed, n, round(1000 * confidence), sum(map(ord, law))])
    samples = [sampler(rng, n) for _ in range(replicates)]
    out = []
    for name, method in METHODS.items():
        if name == "clopper-pearson" and "Bernoulli" not in law:
            continue
        made = [method.interval(y, confidence) for y in samples]
        misses = sum(mean not in i for i in made)
        out.append(Cell(law, n, confidence, name, misses, replicates, float(np.mean([i.width for i in made]))))
    return out


def table(cells: list[Cell]) -> str:
    """Markdown: misses and mean width a method, with the share of cells beyond chance."""
    methods = list(METHODS)
    lines = ["| law | n | confidence | " + " | ".join(methods) + " |", "|" + " --- |" * (3 + len(methods))]
    keys = sorted({(c.law, c.n, c.confidence) for c in cells}, key=lambda k: (list(LAWS).index(k[0]), k[1], k[2]))
    for key in keys:
        row = {c.method: c for c in cells if (c.law, c.n, c.confidence) == key}
        shown = [
            f"{100 * row[m].misses / row[m].replicates:.2f} %, {row[m].width:.4f}" if m in row else "" for m in methods
        ]
        lines.append(f"| {key[0]} | {key[1]} | {key[2]:g} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> int:
    """Simulate the table; exit 1 when any cell misses beyond chance."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="200 replicates instead of 2,000")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    replicates = 200 if args.quick else 2000
    jobs = [(law, n, c) for law in LAWS for n in SIZES for c in CONFIDENCES]
    with ProcessPoolExecutor() as workers:
        made = [workers.submit(simulate, *job, replicates) for job in jobs]
        cells = [cell for job in tqdm(made, file=sys.stderr) for cell in job.result()]
    bad = [c for c in cells if c.beyond_chance(len(cells))]
    wider = [
        (b.law, b.n, b.confidence)
        for b in cells
        if b.method == "betting" and b.n >= 200
        for m in cells
        if m.method == "maurer-pontil"
        and (m.law, m.n, m.confidence) == (b.law, b.n, b.confidence)
        and b.width > m.width
    ]
    text = (
        "# Coverage of the intervals for bounded means\n\n"
        f"Misses (nominal: 1 - confidence) and mean width, {replicates} replicates a cell, all methods on the same samples.\n\n"
        f"{table(cells)}\n\n{len(bad)} of {len(cells)} cells miss beyond chance (1e-6 over the table). "
        f"Cells with n >= 200 where betting is wider than Maurer-Pontil: {len(wider)}.\n\n"
        f"`python -m benchmarks.coverage{' --quick' if args.quick else ''}`, {datetime.date.today().isoformat()}, "
        f"{platform.machine()}, Python {platform.python_version()}.\n"
    )
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    print(text)
    return 1 if bad or wider else 0


if __name__ == "__main__":
    raise SystemExit(main())
