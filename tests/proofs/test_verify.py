"""What `mari verify` tells: every kind of evidence, what could not be run, and a new theorem by the recipe."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import proofs.theorems
from mari_theory import THEOREMS, ArgumentError
from mari_theory.theorems import Theorem
from proofs import formal
from proofs.verify import KINDS, kinds, symbolic_state, table, verify

STATES = {"pass", "not-built"}


def test_verify_reports_each_kind_of_evidence() -> None:
    result = verify(["T2", "T19", "T18", "T26"], cases=50)
    assert [t["id"] for t in result["theorems"]] == ["T2", "T19", "T18", "T26"]
    assert (result["passed"] + result["incomplete"], result["failed"]) == (4, 0)
    for row in result["theorems"]:
        there = kinds(row["id"])
        assert {k for k, state in row["evidence"].items() if state == "absent"} == {k for k in there if not there[k]}
        assert all(row["evidence"][k] in STATES for k in there if there[k])
        assert set(row["absent_because"]) == {k for k in there if not there[k]}


@pytest.mark.long
def test_verify_reports_every_theorem() -> None:
    """All in one call; fast tests run each kind of evidence of each theorem once."""
    result = verify(cases=50)
    assert [t["id"] for t in result["theorems"]] == list(THEOREMS)
    assert (result["passed"] + result["incomplete"], result["failed"]) == (len(THEOREMS), 0)


def test_unknown_theorems_are_refused() -> None:
    with pytest.raises(ArgumentError, match="theorem"):
        verify(["T99"])


@pytest.mark.parametrize("missing", ["sympy", "mpmath"])
def test_without_sympy_a_derivation_is_not_said_to_have_passed(
    monkeypatch: pytest.MonkeyPatch, missing: str, built: None
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("sympy", "mpmath")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    result = verify(["T28", "T26"], cases=20)
    derived, other = (row["evidence"] for row in result["theorems"])
    assert derived == {"symbolic": "not-installed", "property": "pass", "enclosure": "pass", "formal": "pass"}
    assert other["symbolic"] == "absent"
    assert (result["passed"], result["failed"], result["incomplete"]) == (1, 0, 1)
    lines = table(result, 20).splitlines()
    assert lines[1].split()[2:6] == ["no", "SymPy", "pass", "pass"]
    assert lines[2].split()[4:8] == ["-", "pass", "pass", "pass"]
    assert [line for line in lines if line.startswith("no SymPy")] == [
        "no SymPy (it needs mpmath): pip install 'mari-theory[proofs]' checks derivations"
    ]
    assert lines[-1] == "1 passed, 0 failed, 1 incomplete (20 random cases a theorem)"
    assert max(map(len, lines)) <= 80


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As after `make proofs`, whether or not Coq is installed here."""
    (tmp_path / "record.json").write_text(json.dumps({name: formal.source_hash(name) for name in formal.files()}))
    monkeypatch.setattr(formal, "RECORD", tmp_path / "record.json")


def test_without_coq_a_statement_is_not_said_to_have_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(formal, "RECORD", tmp_path / "nothing.json")
    result = verify(["T26", "T18"], cases=20)
    assert [row["evidence"]["formal"] for row in result["theorems"]] == ["not-built", "absent"]
    assert (result["passed"], result["failed"], result["incomplete"]) == (1, 0, 1)
    lines = table(result, 20).splitlines()
    assert "Coq unbuilt: `make proofs` compiles and re-checks it" in lines and "unbuilt" in lines[1]
    assert lines[-1] == "1 passed, 0 failed, 1 incomplete (20 random cases a theorem)"


def test_a_complete_run_says_nothing_of_incomplete_ones(built: None) -> None:
    result = verify(["T26"], cases=20)
    assert table(result, 20) == "\n".join(
        [
            "id   theorem                     SymPy  random balls Coq      witness   search",
            "T26  Blindness of pooling        -      pass   pass  pass                     ",
            "witness: share of the bound attained there (1 is sharp); search: the largest",
            "share gradient ascent found (above 1 refutes); -: does not apply (see --json)",
            "1 passed, 0 failed (20 random cases a theorem)",
        ]
    )


def test_a_step_that_fails_fails_its_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sympy")
    from proofs.kit.step import Step

    assert symbolic_state(lambda: [Step("one is one", 1, 1), Step("one is two", 1, 2)]) == "fail"
    assert symbolic_state(lambda: [Step("one is one", 1, 1)]) == "pass"
    assert symbolic_state(None) == "absent"


ROOM = '''"""T99: a toy."""

from proofs.kit.evidence import Evidence, Formal, Outcome
from proofs.kit.search import Inequality

EVIDENCE = Evidence(
    random=lambda rng, cases: Outcome(bool((rng.random(cases) <= BOUND).all()), 1.0, f"{cases} numbers"),
    search=(Inequality("sin <= 1", 1, lambda z: float(__import__("math").sin(z[0]))),),
    formal=Formal("T99_Toy", ("T99_holds",)),
    absent={"symbolic": "a toy", "enclosure": "a toy", "dropped": "a toy"},
)
BOUND = 1.0
'''


def test_a_new_theorem_is_one_python_file_one_coq_file_and_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The recipe of CONTRIBUTING.md, followed in a copy."""
    coq = tmp_path / "coq"
    shutil.copytree(formal.FOLDER, coq, ignore=shutil.ignore_patterns("*.vo*", "*.glob", ".*"))
    monkeypatch.setattr(formal, "FOLDER", coq)
    monkeypatch.setattr(formal, "RECORD", coq / ".built.json")
    monkeypatch.setattr(proofs.theorems, "__path__", [*proofs.theorems.__path__, str(tmp_path)])
    # 1. The row of the statement.
    monkeypatch.setitem(THEOREMS, "T99", Theorem("T99", "Toy", r"x \\le 1", "none", "a test"))
    # 2. The room.
    (tmp_path / "t99.py").write_text(ROOM)
    # 3. The Coq file, and its line.
    with pytest.raises(ArgumentError, match=r"T99: expected a line T99_Toy\.v in _CoqProject"):
        formal.check_sources()
    (coq / "T99_Toy.v").write_text("(* T99: a toy. *)\nTheorem T99_holds : True.\nProof. exact I. Qed.\n")
    with open(coq / "_CoqProject", "a", encoding="utf-8") as f:
        f.write("T99_Toy.v\n")
    formal.check_sources()
    assert formal.formal_rooms()["T99"].statements == ("T99_holds",)
    assert kinds("T99") == dict(zip(KINDS, (False, True, False, True), strict=True))
    result = verify(["T99"], cases=20)
    (row,) = result["theorems"]
    assert row["evidence"] == {"symbolic": "absent", "property": "pass", "enclosure": "absent", "formal": "not-built"}
    assert row["absent_because"] == {"symbolic": "a toy", "enclosure": "a toy"} and row["note"] == "20 numbers"
    assert (result["passed"], result["failed"], result["incomplete"]) == (0, 0, 1)
    # 4. Built.
    (coq / ".built.json").write_text(json.dumps({name: formal.source_hash(name) for name in formal.files()}))
    assert verify(["T99"], cases=20)["passed"] == 1
    # And a bound that is too low.
    monkeypatch.setattr(sys.modules["proofs.theorems.t99"], "BOUND", 0.5)
    assert verify(["T99"], cases=20)["failed"] == 1
    # Not through monkeypatch, which would put them back.
    del sys.modules["proofs.theorems.t99"]
    delattr(proofs.theorems, "t99")
