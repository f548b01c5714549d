"""`mari verify`: the evidence of each theorem, run again."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    verify = add_command(
        commands,
        "verify",
        run,
        "check the theorems: derivations, random inputs, enclosures, proofs, search for counterexamples",
    )
    verify.add_argument("--theorem", action="append", metavar="ID", help="only this one (repeatable), for example T5")
    verify.add_argument("--cases", type=int, default=2000, help="random cases a theorem (default 2000)")
    verify.add_argument("--html", type=Path, help="also write a page: statements, evidence, figures of the bounds")


def run(args: argparse.Namespace) -> int:
    """Print the table of evidence; 1 when a check failed."""
    from proofs.verify import table, verify

    require(args.cases >= 1, "--cases", "a number at least 1", args.cases)
    result = verify(args.theorem, args.cases)
    if args.html:
        from proofs.page import write_theorems

        write_theorems(result, args.html)
    if args.json:
        print_json(result)
    else:
        print(table(result, args.cases))
    return 1 if result["failed"] else 0
