"""The Coq development: build it, re-check it independently, and say which theorem it proves.

`make proofs` (or `python -m proofs.formal`) compiles every file, runs `coqchk` against an allow-list of axioms, refuses `Admitted`
and the like, and demands that the negative controls fail. What passed is recorded beside the sources with their hashes; a changed source
counts as not built.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require
from proofs.kit.evidence import Formal
from proofs.theorems import rooms

FOLDER = Path(__file__).parent / "coq"
RECORD = FOLDER / ".built.json"
AXIOMS = frozenset(
    {
        "Coq.Reals.ClassicalDedekindReals.sig_forall_dec",
        "Coq.Reals.ClassicalDedekindReals.sig_not_dec",
        "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep",
        "Coq.Logic.Classical_Prop.classic",
    }
)
"""The four axioms of Coq's real numbers; nothing else may be assumed."""
FORBIDDEN = re.compile(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Abort)\b")


def formal_rooms() -> dict[str, Formal]:
    """Theorem id -> its Coq file and statements, of every room that has them."""
    return {name: evidence.formal for name, evidence in rooms().items() if evidence.formal}


def files() -> list[str]:
    """Module names in the order of `_CoqProject`."""
    lines = (FOLDER / "_CoqProject").read_text(encoding="utf-8").splitlines()
    return [line.removesuffix(".v") for line in lines if line.endswith(".v")]


def source_hash(name: str) -> str:
    """Of one source file."""
    return hashlib.sha256((FOLDER / f"{name}.v").read_bytes()).hexdigest()


def formal_state(formal: Formal | None) -> str:
    """`pass` when the theorem's file and everything it needs were built and re-checked as they stand now; `not-built`, `absent`."""
    if formal is None:
        return "absent"
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "not-built"
    names = files()
    if formal.file not in names:
        return "not-built"
    names = names[: names.index(formal.file) + 1]
    return "pass" if all(record.get(name) == source_hash(name) for name in names) else "not-built"


def _coq(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)


def check_sources() -> None:
    """No proof left open, no axiom of our own, every named statement present. Raises `ArgumentError` otherwise."""
    texts = {name: (FOLDER / f"{name}.v").read_text(encoding="utf-8") for name in files()}
    for name, text in texts.items():
        code = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
        violation = FORBIDDEN.search(code)
        require(violation is None, f"{name}.v", "complete proofs and no axioms", violation and violation.group())
        require(text.startswith("(*"), f"{name}.v", "a paragraph that says what it proves", text[:20])
    for theorem, formal in formal_rooms().items():
        require(formal.file in texts, theorem, f"a line {formal.file}.v in _CoqProject", "no such line")
        for statement in formal.statements:
            there = re.search(rf"\b(Theorem|Corollary) {statement}\b", texts[formal.file])
            require(there is not None, theorem, f"{statement} in {formal.file}.v", "nothing of that name")


def axioms_of(report: str) -> set[str]:
    """Axiom names in the output of `coqchk -o`."""
    lines = report.split("* Axioms:", 1)[-1].splitlines()
    out: set[str] = set()
    for line in lines:
        word = line.strip()
        if word.startswith("*") or (out and not word):
            break
        if word and word != "<none>":
            out.add(word)
    return out


def build_files(force: bool = False) -> None:
    """Compile what has no compiled form newer than its source (or everything). Raises `ArgumentError` with the first failure."""
    require(shutil.which("coqc") is not None, "coqc", "Coq on the path (make proofs)", "nothing")
    stale = force
    for name in tqdm(files(), desc="coqc", disable=not sys.stderr.isatty(), leave=False):
        source, target = FOLDER / f"{name}.v", FOLDER / f"{name}.vo"
        stale = stale or not target.exists() or target.stat().st_mtime < source.stat().st_mtime
        if stale:
            done = _coq("coqc", "-Q", ".", "Mari", f"{name}.v")
            require(done.returncode == 0, f"{name}.v", "a file that compiles", done.stderr)


def build() -> dict[str, str]:
    """Compile, re-check, try the negative controls, record. Raises `ArgumentError` with the first failure."""
    check_sources()
    build_files(force=True)
    # The checker of certificates rests on a large library; its axioms are read off each certificate instead.
    audit = _coq("coqchk", "-o", "-Q", ".", "Mari", *(f"Mari.{name}" for name in files() if name != "Certificate"))
    require(audit.returncode == 0, "coqchk", "every proof accepted", audit.stderr or audit.stdout)
    report = audit.stdout + audit.stderr
    require("* Axioms:" in report, "coqchk", "a report of the axioms", report)
    extra = axioms_of(report) - AXIOMS
    require(not extra, "coqchk", f"no axioms beyond {len(AXIOMS)} of the real numbers", sorted(extra))
    for control in sorted((FOLDER / "controls").glob("*.v")):
        attempt = _coq("coqc", "-Q", ".", "Mari", f"controls/{control.name}")
        require(attempt.returncode != 0, control.name, "a wrong constant to be refused", "it compiled")
        require("Unable to unify" in attempt.stderr, control.name, "a refusal of the statement itself", attempt.stderr)
    record = {name: source_hash(name) for name in files()}
    write_text(RECORD, json.dumps(record, indent=1))
    return record


def main() -> int:
    """Build and say what was checked."""
    try:
        record = build()
    except ArgumentError as e:
        print(f"proofs: {e}", file=sys.stderr)
        return 1
    formals = formal_rooms().values()
    statements = sum(len(formal.statements) for formal in formals)
    controls = len(list((FOLDER / "controls").glob("*.v")))
    print(
        f"{len(record)} files compiled and re-checked by coqchk: {statements} statements for {len(formals)} theorems, "
        f"{len(AXIOMS)} axioms (those of the real numbers), {controls} wrong constants refused"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
