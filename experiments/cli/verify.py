"""`mari verify`: the evidence of each theorem, run again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

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
    from proofs.evidence import verify

    require(args.cases >= 1, "--cases", "a number at least 1", args.cases)
    result = verify(args.theorem, args.cases)
    if args.html:
        from proofs.page import write_theorems

        write_theorems(result, args.html)
    if args.json:
        print_json(result)
    else:
        _print_theorems(result, args.cases)
    return 1 if result["failed"] else 0


def _print_theorems(result: dict[str, Any], cases: int) -> None:
    shown = {"pass": "pass", "fail": "FAIL", "absent": "-", "not-built": "unbuilt"}
    print(f"{'id':<4} {'theorem':<27} {'SymPy':<6} {'random':<6} {'balls':<5} {'Coq':<7} {'witness':>8} {'search':>8}")
    for t in result["theorems"]:
        e = [shown[t["evidence"][kind]] for kind in ("symbolic", "property", "enclosure", "formal")]
        tight, ratio = ("" if x is None else f"{x:.6f}" for x in (t["tightness"], t["largest_ratio"]))
        print(f"{t['id']:<4} {t['title'][:27]:<27} {e[0]:<6} {e[1]:<6} {e[2]:<5} {e[3]:<7} {tight:>8} {ratio:>8}")
    print("witness: share of the bound attained there (1 is sharp); search: the largest")
    print("share gradient ascent found (above 1 refutes); -: does not apply (see --json)")
    if any(t["evidence"]["formal"] == "not-built" for t in result["theorems"]):
        print("Coq unbuilt: `make proofs` compiles and re-checks it")
    print(f"{result['passed']} passed, {result['failed']} failed ({cases} random cases a theorem)")
