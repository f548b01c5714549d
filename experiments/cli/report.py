"""`mari report`: a finished run's report, drawn again."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    report = add_command(commands, "report", run, "draw the report of a finished run again")
    report.add_argument("run", type=Path)


def run(args: argparse.Namespace) -> int:
    """Write the report and print its path."""
    from experiments.audit.report import write_report

    path = write_report(args.run)
    if args.json:
        print_json({"report": str(path)})
    else:
        print(f"report: {path}")
    return 0
