"""`mari bench`: a benchmark of this repository."""

from __future__ import annotations

import argparse
from importlib import import_module

from experiments.cli.command import Commands
from mari_theory.errors import require

BENCHMARKS = (
    "attribution",
    "blindness",
    "coverage",
    "estimators",
    "matched",
    "methods",
    "mistakes",
    "objections",
    "rounds",
    "speed",
)


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    bench = commands.add_parser("bench", help=f"run a benchmark of this repository: {', '.join(BENCHMARKS)}")
    bench.add_argument("name", nargs="?", help="one of them; none lists them")
    bench.add_argument(
        "rest", nargs=argparse.REMAINDER, help="options of the benchmark, for example --quick --out FILE"
    )
    bench.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Run the benchmark with its own options, or name them all."""
    if args.name is None:
        print("\n".join(BENCHMARKS))
        return 0
    require(args.name in BENCHMARKS, "name", ", ".join(BENCHMARKS), args.name)
    return int(import_module(f"benchmarks.{args.name}").main(args.rest) or 0)
