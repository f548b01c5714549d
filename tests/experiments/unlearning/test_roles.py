"""What the models of a run are called, and which of them stand in which arm."""

from __future__ import annotations

from math import comb
from typing import Any

import pytest

from experiments.config import RunConfig, load_config
from experiments.labels import slug
from experiments.unlearning.roles import (
    Entry,
    Oracle,
    Original,
    entries_of,
    mixtures_of,
    oracle_arm,
    oracle_names,
    oracle_pairs,
    originals_of,
    ready_roles,
    reference_names,
    roles_of,
    row_of,
    start_of,
    trains_from_base,
)
from mari_theory import ArgumentError


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seeds": 3, "oracles": 6},
        {"reference": "processed"},
        {"original": "a", "oracles": ["b", "c"], "models": {"d": "d"}},
        {"seeds": 2, "original": ["a", "b"], "oracles": list("cdef"), "models": {"g": ["g", "h"]}},
    ],
    ids=["one seed", "three seeds", "processed", "ready", "ready, two seeds"],
)
def test_names_are_made_from_roles_and_differ_as_files(changes: dict[str, Any]) -> None:
    config = load_config("tiny", **changes)
    roles = roles_of(config)
    assert len({slug(r.name) for r in roles}) == len(roles)
    assert len({r.seed(config.seed) for r in roles if not isinstance(r, Entry)}) == sum(
        not isinstance(r, Entry) for r in roles
    )
    members = [name for row in mixtures_of(config) for name in row.members]
    assert len(set(members)) == len(members) and set(members) <= {r.name for r in roles}
    for name in members:
        assert row_of(config, name).members == (name,)


def test_a_run_with_one_seed_has_plain_names() -> None:
    config = load_config("tiny")
    rows = mixtures_of(config)
    assert [r.name for r in rows] == ["original", *(m.label for m in config.methods), "oracle-0"]
    assert all(row.members == (row.name,) for row in rows)
    assert reference_names(config) == ("oracle-1", "oracle-2")


def test_seeds_make_mixtures_of_one_size_and_no_model_on_both_sides() -> None:
    config = load_config("tiny", seeds=3, oracles=6)
    rows, reference = mixtures_of(config), reference_names(config)
    assert {len(row.members) for row in rows} == {3} == {len(reference)}
    assert rows[0].members == ("original-0", "original-1", "original-2")
    assert rows[-1].members == ("oracle-0", "oracle-1", "oracle-2") and rows[-1].name == "oracle"
    assert not {name for row in rows for name in row.members} & set(reference)
    with pytest.raises(ArgumentError, match="twice the seeds, 6"):
        load_config("tiny", seeds=3, oracles=5)


def test_processed_oracles_take_the_place_of_oracles() -> None:
    config = load_config("tiny", reference="processed")
    assert mixtures_of(config)[-1].name == "processed-oracle-0"
    assert reference_names(config) == ("processed-oracle-1", "processed-oracle-2")
    assert {r.kind for r in roles_of(config)} == {"original", "oracle", "method"}


def test_the_first_seed_is_that_of_a_run_with_one() -> None:
    assert [Original(k).seed(7) for k in (None, 0)] == [700, 700] and Original(1).seed(7) != Original(2).seed(7)
    assert [Entry("a", k).seed(7, 3) for k in (None, 0)] == [753, 753]
    assert Oracle(3).seed(7) == 704


def test_a_label_is_no_oracle_whatever_it_says() -> None:
    assert Entry("oracle-7").kind == "method" and Entry("oracle-7").name == Oracle(7).name
    assert Entry("oracle-7") != Oracle(7)  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("count", [2, 5])
def test_every_two_oracles_once_and_as_many_against_every_model(count: int) -> None:
    names = oracle_names(RunConfig(oracles=count))
    pairs = oracle_pairs(names)
    assert len({frozenset(p) for p in pairs}) == len(pairs) == comb(count, 2)
    assert all(a != b for a, b in pairs)
    for name in names:
        assert oracle_arm(names, name) == tuple(n for n in names if n != name)
    assert oracle_arm(names, "original") == tuple(names[1:])


def test_a_ready_model_is_where_its_seed_says_and_nothing_else_is() -> None:
    config = load_config("tiny", seeds=2, original=["a", "b"], oracles=list("cdef"), models={"g": ["h", "i"]})
    found = {role.name: path for role, path in ready_roles(config).items()}
    oracles = {f"oracle-{k}": path for k, path in enumerate("cdef")}
    assert found == {"original-0": "a", "original-1": "b", **oracles, "g, seed 0": "h", "g, seed 1": "i"}
    assert not trains_from_base(config) and ready_roles(load_config("tiny")) == {}
    assert {r.name for r in roles_of(config)} - set(found) == {r.name for r in entries_of(config)}
    for change in ({"original": None}, {"oracles": 4}, {"shadows": 1}):
        assert trains_from_base(config.model_copy(update=change))


def test_what_a_training_starts_from() -> None:
    config = load_config("tiny", seeds=2, oracles=4, reference="processed")
    starts = {r.name: s.name for r in roles_of(config) if (s := start_of(r))}
    assert starts["processed-oracle-3"] == "oracle-3" and starts["MarI pooled 1, seed 1"] == "original-1"
    assert not {r.name for r in originals_of(config)} & set(starts) and "oracle-3" not in starts
