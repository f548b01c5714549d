"""Seeds of independent streams."""

from __future__ import annotations

from itertools import permutations

from experiments.seeds import seed_of


def test_an_anagram_of_a_label_is_another_stream() -> None:
    labels = ["".join(letters) for letters in permutations("npo-1")]
    assert len({seed_of(0, label, "forget", "400") for label in labels}) == len(labels)


def test_the_seed_is_the_same_on_every_machine_and_fits_where_it_is_multiplied() -> None:
    assert seed_of(0, "oracle-0", "forget", "400") == seed_of(0, "oracle-0", "forget", "400")
    assert all(0 <= seed_of(seed, "x") < 2**52 for seed in range(1000))
    assert 2**52 * 1009 < 2**63
