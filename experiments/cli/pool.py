"""`mari pool`: a pool file of one model."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command, add_computing
from experiments.cli.show import print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    pool = add_command(
        commands,
        "pool",
        run,
        "pooled next-token distributions of one model on retain and on retain + forget: a pool file",
    )
    pool.add_argument("--model", required=True)
    pool.add_argument("--retain", required=True, type=Path, help="JSONL with prompt and answer")
    pool.add_argument("--forget", required=True, type=Path, help="JSONL with prompt and answer")
    pool.add_argument("--out", required=True, type=Path)
    add_computing(pool)
    pool.add_argument(
        "--sampled", action="store_true", help="the files are samples: retain against forget, certified by T17"
    )


def run(args: argparse.Namespace) -> int:
    """Write the pool file and name the next command."""
    from experiments.data.encoding import batches_of
    from experiments.measures.score_models import pool_model
    from experiments.models.device import Computing

    computing = Computing(args.device, args.dtype)
    with batches_of(args.batch):
        summary = pool_model(args.model, args.retain, args.forget, args.out, not args.sampled, computing)
    if args.json:
        print_json(summary)
    else:
        items = f"{summary['n']} retain and {summary['forget']} forget items"
        print(f"{items} pooled in {args.out}; next: mari certify {args.out}")
        print("a number and no verdict: pooled information is blind to memorisation (T26)")
    return 0
