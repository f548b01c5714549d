"""`mari`: the command line.

Every command prints its result on stdout (one JSON object with `--json`), progress on stderr, and exits 0 on success,
1 when a check or a claim failed, 2 on bad input with one line that says what was allowed and what came.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

import mari_theory
from experiments.cli import (
    audit,
    bench,
    certify,
    check,
    compare,
    demo,
    estimate,
    ingest,
    pool,
    presets,
    report,
    request,
    retrain,
    score,
    study,
    unlearn,
    verify,
)
from experiments.cli.command import Command, Commands, Handler
from mari_theory.errors import ArgumentError, require_own_packages

COMMANDS: tuple[Command, ...] = (
    demo,
    verify,
    audit,
    request,
    retrain,
    unlearn,
    certify,
    check,
    compare,
    ingest,
    score,
    pool,
    presets,
    estimate,
    study,
    bench,
    report,
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"mari: {message}", file=sys.stderr)
        raise SystemExit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = _parser().parse_args(argv)
    handler: Handler = args.handler
    try:
        require_own_packages("estimators", "proofs", "experiments")
        return handler(args)
    except ArgumentError as e:
        print(f"mari {args.command}: {e}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as e:
        print(f"mari {args.command}: needs {e.name}; install it with: pip install 'mari-theory[llm]'", file=sys.stderr)
        return 2
    except OSError as e:
        print(f"mari {args.command}: {e.filename or 'file'}: {e.strerror or e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"mari {args.command}: interrupted; what was finished is kept, --resume continues", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mari", description="After a model is told to forget: how well could anyone still tell?")
    parser.add_argument("--version", action="version", version=f"mari {mari_theory.__version__}")
    commands: Commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for command in COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
