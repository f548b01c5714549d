"""`python -m benchmarks NAME`: the library against its peers and against known truth. Without a name, what there is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from mari_theory.errors import ArgumentError, require

BENCHMARKS = {
    "answers": "power and size of the tests of two APIs, beside Model Equality Testing",
    "coverage": "miss rate and width of every interval on every law, beside what others call an interval",
    "estimators": "speed and accuracy beside the peers, in one run",
    "mistakes": "what happens to evidence with a mistake in it",
    "speed": "speed and memory of the things people wait for",
}
"""Name -> what it measures."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one; 0, 1 when it finds a failure, 2 on bad input."""
    name, *rest = list(sys.argv[1:] if argv is None else argv) or [""]
    if not name:
        print("\n".join(f"{n:<11} {text}" for n, text in BENCHMARKS.items()))
        return 0
    try:
        require(name in BENCHMARKS, "name", ", ".join(BENCHMARKS), name)
        return int(import_module(f"benchmarks.{name}").main(rest))
    except ArgumentError as e:
        print(f"python -m benchmarks: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
