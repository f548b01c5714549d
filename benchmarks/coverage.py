"""Coverage of every interval on every law, by simulation: `python -m benchmarks coverage [--quick] [--out FILE]`.

A miss count is beyond chance when its binomial probability at the nominal rate is below 1e-6 for the whole table: that is
the table's false-alarm budget, split over its cells.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.stats import binom
from tqdm import tqdm

from benchmarks.cases import Case, cases
from benchmarks.mistakes import MISTAKES, RATES
from benchmarks.mistakes import simulate as mistake
from benchmarks.mistakes import table as mistakes_table
from benchmarks.pages import foot, publish
from benchmarks.peers import PEERS, peer_cases
from mari_theory.errors import require

SPENT_ENOUGH = 0.005
"""A nominal 5 % should be spent at least to this where the law allows."""


@dataclass(frozen=True)
class Cell:
    """One method on one law at one size."""

    quantity: str
    """As in `Case`."""
    law: str
    """As in `Case`."""
    n: int
    """Sample size, of each arm where there are two."""
    confidence: float
    """Nominal confidence in (0, 1)."""
    method: str
    """Name of the interval."""
    misses: int
    """Intervals that left the truth out."""
    replicates: int
    """Intervals in all."""
    width: float
    """Their mean width, in the quantity's unit."""

    @property
    def rate(self) -> float:
        """Share of misses."""
        return self.misses / self.replicates

    def beyond_chance(self, cells: int) -> bool:
        """More misses than a rate of 1 - confidence explains, at 1e-6 over `cells` cells."""
        return bool(binom.sf(self.misses - 1, self.replicates, 1 - self.confidence) < 1e-6 / cells)


def simulate(case: Case, n: int, confidence: float, replicates: int, seed: int = 0) -> list[Cell]:
    """All methods of a case on the same draws. A truth attained to rounding (1e-12) counts as covered."""
    rng = np.random.default_rng([seed, n, round(1000 * confidence), *map(ord, case.quantity + case.law)])
    misses = dict.fromkeys(case.methods, 0)
    width = dict.fromkeys(case.methods, 0.0)
    for _ in range(replicates):
        data = case.draw(rng, n)
        for name, method in case.methods.items():
            interval = method(data, confidence)
            misses[name] += not interval.lower - 1e-12 <= case.truth <= interval.upper + 1e-12
            width[name] += interval.width
    return [
        Cell(case.quantity, case.law, n, confidence, name, misses[name], replicates, width[name] / replicates)
        for name in case.methods
    ]


def _job(key: tuple[str, str], n: int, confidence: float, replicates: int) -> list[Cell]:
    return simulate(cases()[key], n, confidence, replicates)


def _peer_job(index: int, n: int, replicates: int) -> list[Cell]:
    return simulate(peer_cases()[index], n, 0.95, replicates)


def table(cells: Sequence[Cell]) -> str:
    """Markdown, one block a quantity: miss rate and mean width of each method."""
    blocks = []
    for quantity in dict.fromkeys(c.quantity for c in cells):
        rows = [c for c in cells if c.quantity == quantity]
        methods = list(dict.fromkeys(c.method for c in rows))
        lines = [
            f"## {quantity}\n",
            "| law | n | confidence | " + " | ".join(methods) + " |",
            "|" + " --- |" * (3 + len(methods)),
        ]
        for law, n, confidence in dict.fromkeys((c.law, c.n, c.confidence) for c in rows):
            row = {c.method: c for c in rows if (c.law, c.n, c.confidence) == (law, n, confidence)}
            entries = [f"{100 * row[m].rate:.2f} %, {row[m].width:.3g}" if m in row else "" for m in methods]
            lines.append(f"| {law} | {n} | {confidence:g} | " + " | ".join(entries) + " |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def unspent(cells: Sequence[Cell]) -> list[str]:
    """Quantities and methods that never spend a tenth of the nominal level on any law: safe, but not sharp."""
    best: dict[tuple[str, str], float] = {}
    for c in cells:
        if c.confidence == 0.95:
            key = (c.quantity, c.method)
            best[key] = max(best.get(key, 0.0), c.rate)
    return [
        f"{quantity}: {method} ({100 * rate:.2f} %)" for (quantity, method), rate in best.items() if rate < SPENT_ENOUGH
    ]


def wider_betting(cells: Sequence[Cell]) -> list[Cell]:
    """Cells of bounded means with n >= 200 where betting is wider than Maurer-Pontil."""
    width = {(c.law, c.n, c.confidence, c.method): c.width for c in cells if c.quantity == "mean"}
    return [
        c
        for c in cells
        if c.quantity == "mean"
        and c.method == "betting"
        and c.n >= 200
        and c.width > width[c.law, c.n, c.confidence, "maurer-pontil"]
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate the table; exit 1 when one of our cells misses beyond chance."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks coverage")
    parser.add_argument("--quick", action="store_true", help="100 replicates, no size above 2,000")
    parser.add_argument("--replicates", type=int, default=2000, help="of each cell (default 2000)")
    names = list(dict.fromkeys(quantity for quantity, _ in cases()))
    parser.add_argument("--only", action="append", metavar="QUANTITY", help=f"just these tables: {', '.join(names)}")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args(argv)
    for quantity in args.only or []:
        require(quantity in names, "--only", ", ".join(names), quantity)
    require(args.replicates >= 10, "--replicates", "a number at least 10", args.replicates)
    replicates = 100 if args.quick else args.replicates
    peer_replicates = 50 if args.quick else 300
    with ProcessPoolExecutor() as workers:
        jobs = [
            workers.submit(_job, key, n, confidence, replicates)
            for key, case in cases().items()
            for confidence in case.confidences
            for n in case.sizes
            if (n <= 2000 or not args.quick) and (not args.only or case.quantity in args.only)
        ]
        peers = (
            []
            if args.only
            else [workers.submit(_peer_job, i, n, peer_replicates) for i, c in enumerate(peer_cases()) for n in c.sizes]
        )
        faulty_replicates = 20 if args.quick else 100
        wrong = (
            []
            if args.only
            else [workers.submit(mistake, m, r, 2000, faulty_replicates) for m in MISTAKES for r in RATES.values()]
        )
        cells = [cell for job in tqdm(jobs, file=sys.stderr, desc="ours") for cell in job.result()]
        theirs = [cell for job in tqdm(peers, file=sys.stderr, desc="peers") for cell in job.result()]
        faulty = [job.result() for job in tqdm(wrong, file=sys.stderr, desc="mistakes")]
    bad = [c for c in cells if c.beyond_chance(len(cells))]
    if args.only:
        print(f"{len(bad)} of {len(cells)} cells miss beyond chance.\n\n{table(cells)}")
        return 1 if bad else 0
    misses = [c for c in theirs if c.method != "mari" and c.beyond_chance(len(theirs))]
    wider = wider_betting(cells)
    absent = [name for name, module in PEERS.items() if not find_spec(module)]
    text = (
        "# Coverage of the intervals\n\n"
        f"Miss rate (nominal: 1 - confidence) and mean width, {replicates} replicates a cell, all methods of a row on the same draws. "
        "Lower and upper bounds alone count the side they bound.\n\n"
        f"**{len(bad)} of {len(cells)} cells miss beyond chance** (1e-6 over the table). Cells of bounded means with n >= 200 where "
        f"betting is wider than Maurer-Pontil: {len(wider)}. Mean widths include the trivial interval, which betting gives where its "
        "ends cross or miss the sample mean.\n\n"
        "Never above a tenth of the nominal 5 % on any law (valid, not sharp): "
        f"{'; '.join(unspent(cells)) or 'none'}.\n\n"
        "# What others call a confidence interval\n\n"
        f"Same data, nominal 5 %, {peer_replicates} replicates: {len(misses)} of {len([c for c in theirs if c.method != 'mari'])} of their cells "
        "miss beyond chance. infomeasure and NPEET report quantiles of the *null* (independence), not of the estimate; jax-privacy a bootstrap."
        f"{' Not installed here: ' + ', '.join(absent) + '.' if absent else ''} MIST's quantiles are not run: no release that installs beside "
        "a current NumPy.\n\n"
        f"{table(theirs).replace('## ', '### ')}\n\n"
        "# Evidence with a mistake in it\n\n"
        f"What `mari certify` does with it: percent refused / percent certified with an upper end below the truth, {faulty_replicates} files a cell "
        "(median standardised discrepancy in brackets); more in mistakes.md.\n\n"
        + "\n".join(mistakes_table(faulty))
        + f"\n\n# Every cell\n\n{table(cells)}\n\n"
        + foot(f"coverage{' --quick' if args.quick else '' if replicates == 2000 else f' --replicates {replicates}'}")
        + "\n"
    )
    publish(text, args.out)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
