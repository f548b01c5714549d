"""One room a theorem: `t05.py` holds all evidence of T5 as `EVIDENCE`. Rooms are found by their file names; no list of them is kept."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from mari_theory.errors import require
from proofs.kit.evidence import KINDS, Evidence


def module_name(theorem: str) -> str:
    """Where a theorem's room is.

    >>> module_name("T5")
    'proofs.theorems.t05'
    """
    return f"{__name__}.t{int(theorem[1:]):02d}"


def room(theorem: str) -> Evidence:
    """The evidence of one theorem. Raises `ArgumentError` where there is no room, or one that leaves a kind unexplained.

    >>> room("T5").formal.file
    'T05_Accuracy'
    """
    name = module_name(theorem)
    require(find_spec(name) is not None, theorem, f"a room {name.replace('.', '/')}.py", "no such file")
    evidence: Evidence = import_module(name).EVIDENCE
    gaps = evidence.unexplained()
    require(not gaps, theorem, f"evidence of each of {', '.join(KINDS)} or a reason in `absent`", ", ".join(gaps))
    return evidence


def rooms() -> dict[str, Evidence]:
    """Theorem id -> its evidence, by number; raises `ArgumentError` on a room that leaves a kind unexplained."""
    numbers = sorted(int(m.name[1:]) for m in iter_modules(__path__) if re.fullmatch(r"t\d+", m.name))
    return {f"T{k}": room(f"T{k}") for k in numbers}
