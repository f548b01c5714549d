"""`mari bench`: the old name of `mari study`, for one release."""

from __future__ import annotations

import argparse
import sys

from experiments.cli import study
from experiments.cli.command import Commands
from mari_theory.errors import ArgumentError

BENCHMARKS = ("coverage", "estimators", "mistakes", "speed")
"""What it also ran: `python -m benchmarks` now."""


def add(commands: Commands) -> None:
    """Declare the command; its arguments are those of `mari study`."""
    bench = commands.add_parser("bench", help="old name of study")
    bench.add_argument("name", nargs="?")
    bench.add_argument("rest", nargs=argparse.REMAINDER)
    bench.set_defaults(handler=run, parser=type(bench))


def run(args: argparse.Namespace) -> int:
    """Studies still answer, with a notice; what compares the library with peers has moved."""
    if args.name in BENCHMARKS:
        raise ArgumentError("name", f"a study; `python -m benchmarks {args.name}` in a checkout", args.name)
    print(f"mari bench: old name, use `mari study{f' {args.name}' if args.name else ''}`", file=sys.stderr)
    parser: argparse.ArgumentParser = args.parser(prog="mari study")
    study.declare(parser)
    return study.run(parser.parse_args([*([args.name] if args.name else []), *args.rest]))
