"""Names of made-up people, and the renaming of a subject in a text."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from experiments.data.names import far_apart, fresh_name, name_words, renamed


def test_three_times_sixty_four_words_that_do_not_overlap() -> None:
    words = name_words()
    assert [len(set(part)) for part in words] == [64, 64, 64]
    assert len({w for part in words for w in part}) == 3 * 64


def test_a_fresh_name_is_free_and_seeded() -> None:
    first = fresh_name(np.random.default_rng(4), frozenset())
    assert first == fresh_name(np.random.default_rng(4), frozenset())
    # The same stream, with its first name taken, goes on to the next one.
    second = fresh_name(np.random.default_rng(4), frozenset({first}))
    assert second != first and all(w in part for w, part in zip(second.split(), name_words(), strict=True))


@pytest.mark.parametrize("same", list(product([True, False], repeat=3)), ids=str)
def test_two_names_are_far_apart_when_at_most_one_word_is_shared(same: tuple[bool, ...]) -> None:
    other = [w if kept else "x" for w, kept in zip(("a", "b", "c"), same, strict=True)]
    assert far_apart("a b c", " ".join(other)) == (sum(same) <= 1)


@pytest.mark.parametrize(
    ("text", "old", "new", "made"),
    [
        ("Ada King, or Ada; King's", "Ada King", "Bea Shaw", "Bea Shaw, or Bea; Shaw's"),
        ("Adam and Kingston stay", "Ada King", "Bea Shaw", "Adam and Kingston stay"),
        ("Bo Li said Li", "Bo Li", "Mo Wu", "Mo Wu said Li"),  # two letters may be a word of the language
        ("Basil Al Said and Al", "Basil Al Said", "One Two Three", "One Two Three and Al"),
        ("no name", " ", "Bea", "no name"),
    ],
)
def test_renaming_takes_the_whole_name_then_its_ends_where_they_stand_alone(
    text: str, old: str, new: str, made: str
) -> None:
    assert renamed(text, old, new) == made
