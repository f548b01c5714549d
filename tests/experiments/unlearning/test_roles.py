"""What the models of a run are called, and which of them make the oracle arm of a row."""

from __future__ import annotations

from math import comb

import pytest

from experiments.config import RunConfig, load_config, slug
from experiments.unlearning.roles import (
    Entry,
    Oracle,
    Original,
    Role,
    entries_of,
    oracle_arm,
    oracle_names,
    oracle_pairs,
    oracles_of,
)


def test_names_are_made_from_roles_and_differ_as_files() -> None:
    config = load_config("tiny")
    roles: list[Role] = [Original(), *oracles_of(config), *entries_of(config)]
    names = [role.name for role in roles]
    assert names[: 1 + config.oracles] == ["original", *(f"oracle-{k}" for k in range(config.oracles))]
    assert names[1 + config.oracles :] == [m.label for m in config.methods]
    assert len({slug(name) for name in names}) == len(names) and oracle_names(config) == names[1 : 1 + config.oracles]
    assert {role.kind for role in roles} == {"original", "oracle", "method"}


def test_a_label_is_no_oracle_whatever_it_says() -> None:
    assert Entry("oracle-7").kind == "method" and Entry("oracle-7").name == Oracle(7).name
    assert Entry("oracle-7") != Oracle(7)  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("count", [2, 5])
def test_every_two_oracles_once_and_none_in_its_own_arm(count: int) -> None:
    names = oracle_names(RunConfig(oracles=count))
    pairs = oracle_pairs(names)
    assert len({frozenset(p) for p in pairs}) == len(pairs) == comb(count, 2)
    assert all(a != b for a, b in pairs)
    for name in names:
        assert oracle_arm(names, name) == [n for n in names if n != name]
    assert oracle_arm(names, "original") == names
