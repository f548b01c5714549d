"""`mari ingest`: other people's evaluation logs to certified numbers."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    ingest = add_command(
        commands, "ingest", run, "evaluation logs (TOFU_EVAL.json, MUSE_EVAL.json, TOFU's own) to certificates"
    )
    ingest.add_argument(
        "unlearned", type=Path, metavar="UNLEARNED", help="log of the unlearned model: a file, or its folder"
    )
    ingest.add_argument(
        "--oracle",
        required=True,
        nargs="+",
        type=Path,
        metavar="RETRAINED",
        help="logs of models retrained without the forget set; of several the last is the floor",
    )
    ingest.add_argument(
        "--original", type=Path, metavar="FULL", help="log of the model before: which items are still remembered?"
    )
    ingest.add_argument(
        "--clean",
        metavar="0-159",
        default="",
        help="items (numbers in the split) known to be forgotten: they calibrate what is said of the others",
    )
    ingest.add_argument(
        "--margin", type=float, default=0.01, help="nats within which models count as equivalent (default 0.01)"
    )
    ingest.add_argument("--out", type=Path, required=True, help="folder for option files, certificates and ingest.json")


def run(args: argparse.Namespace) -> int:
    """Print what was found; certificates lie in the folder."""
    from experiments.measures.ingest import ingest

    found = ingest(args.unlearned, args.oracle, args.out, args.original, args.margin, items_in(args.clean))
    if args.json:
        print_json(found.data())
    else:
        print_wrapped(
            f"{found.logs[0].name} against {', '.join(log.name for log in found.logs[1 : 1 + len(args.oracle)])}"
        )
        for line in found.lines():
            print_wrapped(line, first="  ", rest="    ")
        print_wrapped(
            f"written to {args.out}; next: mari check {args.out / 'unlearned.json'}"
            if found.certificates
            else f"written to {args.out}",
            first="  ",
        )
    return 0


def items_in(text: str) -> list[int]:
    """Numbers and ranges, both ends counted.

    >>> items_in("0-2,7")
    [0, 1, 2, 7]
    """
    parts = text.replace(" ", "").split(",") if text.strip() else []
    require(
        all(re.fullmatch(r"\d{1,6}(-\d{1,6})?", p) for p in parts),
        "--clean",
        "numbers and ranges such as 0-159,180",
        text,
    )
    return [k for low, _, high in (p.partition("-") for p in parts) for k in range(int(low), int(high or low) + 1)]
