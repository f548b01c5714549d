"""`mari check`: every number of a certificate, derived again from its evidence."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped
from mari_theory.certificates.beyond import Beyond, beyond
from mari_theory.certificates.certificate import Certificate, read_json
from mari_theory.certificates.evidence_search import find_evidence
from mari_theory.certificates.files import kind_of, read_pool
from mari_theory.certificates.findings import CheckedNumber
from mari_theory.certificates.format1 import check_file, evidence_names
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    check = add_command(commands, "check", run, "re-derive whole certificates from their evidence")
    check.add_argument("certificates", nargs="+", type=Path, metavar="CERT")
    check.add_argument(
        "--evidence",
        nargs="+",
        type=Path,
        help="evidence files, matched by hash (default: beside the certificate or in ../scores)",
    )

    check.add_argument(
        "--floor",
        type=Path,
        metavar="CERT",
        help="other retrained models against the same oracles: how much farther than a retraining?",
    )
    check.add_argument(
        "--formal", action="store_true", help="let Coq conclude the accuracy bound as well (pools of complete sets)"
    )


@dataclass(frozen=True)
class _Check:
    """One certificate, its numbers derived again, and Coq's conclusion where it was asked for one."""

    path: Path
    numbers: Sequence[CheckedNumber]
    formal: dict[str, Any] | None
    beyond: Beyond | None = None

    @property
    def failures(self) -> list[CheckedNumber]:
        return [number for number in self.numbers if not number.ok]

    def data(self) -> dict[str, Any]:
        return {
            "certificate": str(self.path),
            "ok": not self.failures,
            "checked": len(self.numbers),
            "failed": [number.name for number in self.failures],
            **({"formal": self.formal} if self.formal else {}),
            **({"beyond": asdict(self.beyond) | {"verdict": self.beyond.verdict}} if self.beyond else {}),
            "numbers": [{k: v if k == "ok" else str(v) for k, v in asdict(n).items()} for n in self.numbers],
        }

    def show(self, name: str) -> None:
        for number in self.failures:
            print_wrapped(str(number), rest="     ")
        tally = f"{len(self.numbers) - len(self.failures)} of {len(self.numbers)} lines hold"
        verdict = "is NOT" if self.failures else "is"
        print(f"{name}{tally}: the certificate {verdict} what the evidence supports")
        if self.beyond:
            print_wrapped(str(self.beyond), rest="     ")
        if self.formal:
            print(
                f"Coq concludes: every detector's accuracy is at most {self.formal['accuracy']:.9f} "
                f"(claimed {self.formal['claimed']:.9f}, {self.formal['symbols']} symbols)"
            )


def run(args: argparse.Namespace) -> int:
    """Print every line that does not hold; 1 when there is one."""
    paths: list[Path] = args.certificates
    require(
        args.evidence is None or len(paths) == 1,
        "--evidence",
        "one certificate at a time",
        f"{len(paths)} certificates",
    )
    certificates = [_check(path, args.evidence, args.formal) for path in paths]
    floor = None if args.floor is None else _check(args.floor, None, False)
    ok = not any(c.failures for c in (*certificates, *((floor,) if floor else ())))
    if floor and ok:
        reference = Certificate.load(floor.path)
        certificates = [replace(c, beyond=beyond(Certificate.load(c.path), reference)) for c in certificates]
    if args.json:
        print_json(
            certificates[0].data() if len(paths) == 1 else {"ok": ok, "certificates": [c.data() for c in certificates]}
        )
    else:
        if floor:
            floor.show("floor: ")
        for c in certificates:
            c.show("" if len(paths) == 1 else f"{c.path}: ")
        print("This is about the derivation. Where the evidence came from, only its signer knows.")
    return 0 if ok else 1


def _check(path: Path, evidence: Sequence[Path] | None, formally: bool) -> _Check:
    files = find_evidence(path, evidence_names(read_json(path)), evidence)
    numbers = check_file(path, files)
    formal = _check_formally(path, files) if formally and all(number.ok for number in numbers) else None
    return _Check(path, numbers, formal)


def _check_formally(path: Path, files: Sequence[Path]) -> dict[str, Any]:
    from proofs.formal_certificate import check_formally

    require(
        len(files) == 1 and kind_of(files[0]) == "pool", "--formal", "a certificate of one pool file", files[0].name
    )
    pool = read_pool(files[0])
    return check_formally(Certificate.load(path), pool.p_mean, pool.q_mean)
