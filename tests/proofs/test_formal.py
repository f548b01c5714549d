"""The Coq development's own rules; compiling it is `make proofs`, tried here only where Coq is installed (long)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mari_theory import THEOREMS, ArgumentError
from proofs import formal
from proofs.kit.evidence import Formal
from proofs.theorems import room


def test_sources_state_every_theorem_and_leave_no_proof_open() -> None:
    formal.check_sources()
    assert set(formal.formal_rooms()) <= set(THEOREMS)
    named = {f.file for f in formal.formal_rooms().values()}
    assert named <= set(formal.files())
    assert {name for name in formal.files() if name[:1] == "T" and name[1:2].isdigit()} == named


@pytest.mark.parametrize("word", ["Admitted.", "Axiom cheat : False.", "Parameter x : nat."])
def test_an_open_proof_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    shutil.copytree(formal.FOLDER, tmp_path / "coq", ignore=shutil.ignore_patterns("*.vo*", "*.glob"))
    monkeypatch.setattr(formal, "FOLDER", tmp_path / "coq")
    formal.check_sources()
    with open(tmp_path / "coq" / "T02_Range.v", "a", encoding="utf-8") as f:
        f.write(f"\n{word}\n")
    with pytest.raises(ArgumentError, match=r"T02_Range.v: expected complete proofs"):
        formal.check_sources()


def test_a_changed_source_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {name: formal.source_hash(name) for name in formal.files()}
    monkeypatch.setattr(formal, "RECORD", tmp_path / "record.json")
    assert formal.formal_state(room("T5").formal) == "not-built"
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert formal.formal_state(room("T5").formal) == "pass" and formal.formal_state(room("T7").formal) == "absent"
    record["Sums"] = "0"
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert formal.formal_state(room("T5").formal) == "not-built"


def test_a_file_that_is_no_line_of_the_project_is_not_built() -> None:
    assert formal.formal_state(Formal("T99_Toy", ("T99_holds",))) == "not-built"


def test_axioms_are_read_from_the_report() -> None:
    report = "x\n* Theory: y\n\n* Axioms:\n    Coq.A.b\n    Coq.C.d\n  \n* Constants: <none>\n"
    assert formal.axioms_of(report) == {"Coq.A.b", "Coq.C.d"}
    assert formal.axioms_of("* Axioms: <none>\n") == set()


@pytest.mark.long
@pytest.mark.coq
def test_everything_compiles_and_the_controls_do_not() -> None:
    assert set(formal.build()) == set(formal.files())
