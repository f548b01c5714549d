"""`python -m mari_theory check CERT...`: the checker alone, without torch, estimators or experiments."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from mari_theory.certificates.certificate import read_json
from mari_theory.certificates.evidence_search import find_evidence
from mari_theory.certificates.findings import CheckedNumber
from mari_theory.certificates.format1 import check_file, evidence_names
from mari_theory.errors import ArgumentError, require


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 where every line holds, 1 where one does not, 2 on bad input, told in one line."""
    args = _parser().parse_args(argv)
    try:
        one = args.evidence is None or len(args.certificates) == 1
        require(one, "--evidence", "one certificate at a time", f"{len(args.certificates)} certificates")
        numbers = {path: _numbers(path, args.evidence) for path in args.certificates}
    except ArgumentError as e:
        print(f"mari_theory check: {e}", file=sys.stderr)
        return 2
    except OSError as e:
        print(f"mari_theory check: {e.filename or 'file'}: {e.strerror or e}", file=sys.stderr)
        return 2
    faults = {path: [n for n in lines if not n.ok] for path, lines in numbers.items()}
    if args.json:
        entries = [
            {"certificate": str(p), "ok": not faults[p], "checked": len(lines), "failed": [n.name for n in faults[p]]}
            for p, lines in numbers.items()
        ]
        print(
            json.dumps(entries[0] if len(entries) == 1 else {"ok": not any(faults.values()), "certificates": entries})
        )
    else:
        for path, lines in numbers.items():
            for n in faults[path]:
                print(textwrap.fill(str(n), 79, subsequent_indent="     "))
            verdict = "is NOT" if faults[path] else "is"
            print(
                f"{path}: {len(lines) - len(faults[path])} of {len(lines)} lines hold: the certificate {verdict} what the evidence supports"
            )
        print("This is about the derivation. Where the evidence came from, only its signer knows.")
    return 1 if any(faults.values()) else 0


def _numbers(path: Path, evidence: list[Path] | None) -> list[CheckedNumber]:
    return check_file(path, find_evidence(path, evidence_names(read_json(path)), evidence))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mari_theory", description="The independent checker of certificates."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="re-derive whole certificates from their evidence")
    check.add_argument("certificates", nargs="+", type=Path, metavar="CERT")
    check.add_argument("--evidence", nargs="+", type=Path, help="evidence files, matched by hash")
    check.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
