"""The method is chosen on another request, which has nothing of the one that is certified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.data.items import Corpus
from experiments.request import validation
from experiments.request.plan import Ask
from experiments.request.validation import choose_method, held_apart
from mari_theory import ArgumentError


def test_the_other_request_has_other_owners(data: Corpus) -> None:
    other = held_apart(data, 0)
    owners = [{i.owner for i in part} for part in (data.forget, other.forget, other.retain)]
    assert not owners[0] & (owners[1] | owners[2]) and not owners[1] & owners[2]
    assert len(owners[1]) == 1  # a quarter of six
    assert len(other.forget) + len(other.retain) == len(data.retain) and other.holdout == data.holdout
    assert len({held_apart(data, seed).forget for seed in range(4)}) > 1
    few = replace(data, retain=tuple(i for i in data.retain if i.owner in sorted({x.owner for x in data.retain})[:3]))
    with pytest.raises(ArgumentError, match=r"^--validate: expected at least 4 owners"):
        held_apart(few, 0)


def test_the_choice_forgets_without_loss_and_is_kept(
    ask: Ask, data: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        validation, "CANDIDATES", {"retain-only": {}, "grad-diff": {"gamma": 0.3}, "gradient-ascent": {}}
    )
    asked = replace(ask, loop=replace(ask.loop, steps=15, lr=3e-3))
    entry, found = choose_method(asked, data, tmp_path / "v")
    rows = {r["method"]: r for r in found["tried"]}
    assert list(rows) == ["retain-only", "grad-diff", "gradient-ascent"] and entry.name == found["chosen"]
    # The control forgets nothing: its items stand out as before, so it wins only where every other one loses too much.
    assert rows["retain-only"]["auc"] > 0.8 and rows["retain-only"]["lost"] <= 0.05
    good = [r for r in found["tried"] if r["lost"] <= 0.05]
    assert found["chosen"] == min(good, key=lambda r: r["auc"])["method"]
    before = json.loads((tmp_path / "v" / "validation.json").read_text())
    monkeypatch.setattr(validation, "train_many", lambda *_: pytest.fail("chosen already"))
    assert choose_method(asked, data, tmp_path / "v") == (entry, before)


def test_a_choice_needs_no_oracles(ask: Ask, data: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are of the request itself, trained later: answers of two words would be read against them on the way."""
    monkeypatch.setattr(validation, "CANDIDATES", {"retain-only": {}, "grad-diff": {}})
    longer = [tuple(replace(i, answer=f"{i.answer} {i.answer}") for i in part) for part in data.splits().values()]
    asked = replace(ask, oracles=(), base=ask.oracles[0], loop=replace(ask.loop, steps=3))
    entry, found = choose_method(asked, Corpus("x", *longer), tmp_path / "v")
    assert entry.name in ("retain-only", "grad-diff") and len(found["tried"]) == 2
    assert not list((tmp_path / "v").rglob("oracle-*"))
