"""`mari estimate`: estimates and intervals from files of samples."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    estimate = add_command(
        commands, "estimate", run, "entropy, mutual information, JSD, KL or AUC from files of samples"
    )
    estimate.add_argument("--x", type=Path, help="sample: .npy, .csv or .parquet, (n,) or (n, d)")
    estimate.add_argument("--y", type=Path, help="second sample, or the second variable of the pairs")
    estimate.add_argument("--x-column", help="column of a table")
    estimate.add_argument("--y-column", help="column of a table")
    estimate.add_argument(
        "--alphabet",
        nargs="+",
        metavar="SYMBOLS",
        help="all symbols that can occur, seen or not: 300, a,b,c or a file with one a line; for mi- methods two, x's and y's",
    )
    estimate.add_argument("--items-x", help="auc-certified: column of x's item ids (for .npy a file of ids)")
    estimate.add_argument("--items-y", help="auc-certified: column of y's item ids")
    estimate.add_argument(
        "--paired", action="store_true", help="auc-certified: compare the scores of the same item instead"
    )
    estimate.add_argument(
        "--marginals",
        choices=("rescaled", "copula"),
        help="neighbours: columns as they are, or their ranks (heavy tails)",
    )
    estimate.add_argument(
        "--method", help="for example ksg1, mi-grassberger, mi-certified, jsd-certified (default ksg1)"
    )
    estimate.add_argument(
        "--scores", type=Path, nargs="+", help="score files of any size instead: certified JSD and TV"
    )
    estimate.add_argument(
        "--pools", type=Path, nargs="+", help="pool files of samples instead: certified pooled JSD (T17)"
    )
    estimate.add_argument("--k", type=int, default=4, help="neighbours (default 4)")
    estimate.add_argument("--confidence", type=float, default=0.95)
    estimate.add_argument("--seed", type=int, default=0)
    estimate.add_argument("--list", action="store_true", help="name every method")


def run(args: argparse.Namespace) -> int:
    """Print each estimate, or the names of the methods."""
    from estimators.alphabets import Alphabet
    from estimators.from_files import METHODS, Options, estimate_files
    from estimators.marginals import MARGINALS

    if args.list:
        if args.json:
            print_json(sorted(METHODS))
        else:
            print("\n".join(sorted(METHODS)))
        return 0
    if args.scores:
        require(args.x is None and args.y is None, "--scores", "no --x or --y beside it", args.x or args.y)
        from estimators.streaming import result, summarise_files

        summary = result(summarise_files(args.scores, progress=not args.json), args.confidence)
        results: list[Any] = [summary.jsd, summary.total_variation]
    elif args.pools:
        require(args.x is None and args.y is None, "--pools", "no --x or --y beside it", args.x or args.y)
        from estimators.streaming import result_pool, summarise_pools

        results = [result_pool(summarise_pools(args.pools), args.confidence)]
    else:
        require(args.x is not None, "--x", "a sample file (or --scores, --pools)", "none")
        options = Options(
            args.k,
            args.confidence,
            args.seed,
            not args.json,
            tuple(Alphabet.parse(text) for text in args.alphabet or ()),
            paired=args.paired,
            marginals=None if args.marginals is None else MARGINALS[args.marginals],
        )
        columns, items = (args.x_column, args.y_column), (args.items_x, args.items_y)
        results = [estimate_files(args.x, args.y, args.method or "ksg1", options, columns, items)]
    if args.json:
        rows = [asdict(r) for r in results]
        print_json(rows[0] if len(rows) == 1 else {"estimates": rows})
    else:
        for r in results:
            print_wrapped(str(r), rest="  ")
    return 0
