"""The packaged evidence is certified, derived again, and every forgery of it is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.demo.walk import FORGERIES, MODELS, demo
from mari_theory import ArgumentError
from mari_theory.certificates.beyond import beyond
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.checker import check


def test_the_walk_leaves_certificates_that_hold_and_nothing_forged(tmp_path: Path) -> None:
    found = demo(tmp_path / "out")
    assert found.ok and set(found.certificates) == set(MODELS)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "demo.html",
        *(f"{name}{ending}" for name in MODELS for ending in (".json", ".parquet")),
    }
    for name in MODELS:
        kept = Certificate.load(tmp_path / "out" / f"{name}.json")
        numbers = check(kept, [tmp_path / "out" / f"{name}.parquet"])
        assert kept == found.certificates[name] and all(n.ok for n in numbers) and found.lines[name][1] == len(numbers)
    original, unlearned, retrained = (found.certificates[n].claim for n in MODELS)
    assert original.lower > unlearned.upper > unlearned.lower > retrained.upper
    assert found.beyond == beyond(found.certificates["unlearned"], found.certificates["retrained"])
    assert len(found.forgeries) == len(FORGERIES) and all(f.failed for f in found.forgeries)


def test_a_forgery_that_passes_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.demo.walk.FORGERIES", (lambda folder: "nothing changed",))
    found = demo(tmp_path / "out")
    assert not found.ok and found.forgeries[0].failed == () and found.data()["ok"] is False


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    for out in (tmp_path, tmp_path / "kept"):
        with pytest.raises(ArgumentError, match="a new or empty folder"):
            demo(out)
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
