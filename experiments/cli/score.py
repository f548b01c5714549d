"""`mari score`: a score file of two models."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command, add_computing
from experiments.cli.show import print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    score = add_command(
        commands, "score", run, "sample from two models on the same prompts and score both: a score file"
    )
    score.add_argument(
        "--p", required=True, nargs="+", help="model folder(s) or hub id(s) of arm P; several are averaged"
    )
    score.add_argument("--q", required=True, nargs="+", help="the same for arm Q")
    score.add_argument("--prompts", required=True, type=Path, help="JSONL with a field prompt")
    score.add_argument("--out", required=True, type=Path)
    score.add_argument("--draws", type=int, default=1000, help="outputs an arm (default 1000)")
    score.add_argument("--max-new", type=int, default=32, help="longest output in tokens (default 32)")
    score.add_argument("--pair", choices=("oracle", "shift"), default="oracle")
    add_computing(score)
    score.add_argument("--seed", type=int, default=0)
    score.add_argument(
        "--template",
        default="auto",
        help="how prompts are asked: none (as they stand), chat (the tokenizer's), question (Question: ... Answer:), "
        "a text file with {prompt}, or Jinja with prompt or messages; auto (default): chat where there is one, else none",
    )


def run(args: argparse.Namespace) -> int:
    """Write the score file and name the next command."""
    from experiments.data.encoding import batches_of
    from experiments.measures.score_models import Sampling, score_models
    from experiments.models.device import Computing

    computing = Computing(args.device, args.dtype)
    sampling = Sampling(args.draws, args.max_new, args.pair, args.seed, args.template, computing)
    with batches_of(args.batch):
        summary = score_models(args.p, args.q, args.prompts, args.out, sampling)
    if args.json:
        print_json(summary)
    else:
        print(f"{summary['rows']} rows in {args.out}; next: mari certify {args.out}")
    return 0
