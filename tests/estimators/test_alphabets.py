"""The symbols seen are not the alphabet: intervals from counts hold at the true one, and miss or warn at the seen one."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from estimators import certify_counts_entropy, certify_counts_jsd, certify_table_mi
from estimators.alphabets import Alphabet
from estimators.discrete import counts_of, table_of
from mari_theory import ArgumentError


def allowed(replicates: int, rate: float) -> int:
    """Most misses at this rate but for one in a million."""
    return int(binom.isf(1e-6, replicates, rate))


def test_entropy_of_a_thousand_symbols_at_500_draws(rng: np.random.Generator) -> None:
    """Truth 6.908; with the symbols seen [5.46, 5.97], missed 300 of 300."""
    truth, missed, blind = math.log(1000), 0, 0
    for _ in range(300):
        seen = counts_of(rng.integers(0, 1000, 500))
        missed += truth not in certify_counts_entropy(seen, alphabet=1000).interval
        made = certify_counts_entropy(seen)
        blind += truth not in made.interval
        assert "others exist" in made.warnings[0] and "others exist" in str(made)
    assert missed <= allowed(300, 0.05) and blind == 300


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_information_of_the_identity_channel_on_300_symbols(n: int, rng: np.random.Generator) -> None:
    """Truth ln 300; with the symbols seen missed 200 of 200."""
    truth, missed, blind = math.log(300), 0, 0
    for _ in range(200 if n < 1000 else 60):
        x = rng.integers(0, 300, n)
        table = table_of(x, x)
        missed += truth not in certify_table_mi(table, alphabets=(300, 300)).interval
        made = certify_table_mi(table)
        blind += truth not in made.interval
        assert n == 1000 or made.warnings
    assert missed <= allowed(200, 0.05)
    assert blind == (200 if n < 1000 else 60)


def test_divergence_counts_unseen_symbols_too(rng: np.random.Generator) -> None:
    p, q = (np.bincount(rng.integers(0, 500, 300), minlength=500) for _ in range(2))
    seen = p + q > 0
    full, given = certify_counts_jsd(p, q), certify_counts_jsd(p[seen], q[seen], alphabet=500)
    assert given.interval.lower == pytest.approx(full.interval.lower, abs=1e-12) and given.extra["alphabet"] == 500
    assert given.interval.upper == pytest.approx(full.interval.upper, abs=1e-12)
    assert certify_counts_jsd(p[seen], q[seen]).warnings and not full.warnings and not given.warnings
    assert certify_counts_jsd(p[seen], q[seen]).interval.lower >= given.interval.lower


@pytest.mark.parametrize("cells", [(2, 3), (40, 30)])
def test_zeros_and_the_number_say_the_same(cells: tuple[int, int], rng: np.random.Generator) -> None:
    n = 20_000 if cells == (2, 3) else 400
    table = rng.multinomial(n, rng.dirichlet(np.ones(math.prod(cells)))).reshape(cells)
    padded = np.pad(table, ((0, 3), (0, 2)))
    by_number = certify_table_mi(table, alphabets=(cells[0] + 3, cells[1] + 2))
    assert by_number.interval == certify_table_mi(padded).interval
    assert by_number.interval.method == ("divergence-ball" if cells == (2, 3) else "bounded-differences")
    counts = table.sum(axis=1)
    assert (
        certify_counts_entropy(counts, alphabet=50).interval
        == certify_counts_entropy(np.pad(counts, (0, 50 - counts.size))).interval
    )


def test_complete_tables_are_not_warned_of() -> None:
    assert not certify_counts_entropy([520, 480]).warnings
    assert not certify_counts_entropy([9, 1]).warnings
    assert not certify_counts_entropy([1, 1, 1, 0]).warnings
    assert not certify_table_mi([[450, 50], [50, 450]]).warnings


@pytest.mark.parametrize(
    ("text", "labels", "size"),
    [
        ("300", [5, 7, 5], 300),
        ("a,b, c", ["a", "c"], 3),
        ("1,2,none", [2, 1, 1], 3),
        ("1,2", [1.0, 2.0], 2),
        ("true,false", [True, True], 2),
        ("0,1", [True, False], 2),
        (",".join(map(str, range(20_000))), [19_999], 20_000),
    ],
)
def test_forms_of_an_alphabet(text: str, labels: list[object], size: int) -> None:
    assert Alphabet.parse(text).size_for("x", labels) == size


def test_an_alphabet_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("yes\nno\n\ndon't, know\n", encoding="utf-8")
    assert Alphabet.parse(str(tmp_path / "words.txt")).symbols == ("yes", "no", "don't, know")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArgumentError, match="UTF-8"):
        Alphabet.parse(str(tmp_path / "binary.txt"))


@pytest.mark.parametrize("text", ["", "0", "abc", "a,,b", "a,", "a,a", "-3", "3.5", "9" * 20, "nothing.txt"])
def test_what_is_no_alphabet_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArgumentError) as e:
        Alphabet.parse(text)
    assert "\n" not in str(e.value)


def test_symbols_outside_and_too_many_are_refused() -> None:
    with pytest.raises(ArgumentError, match="at least the 3 symbols seen, got 2"):
        Alphabet.parse("2").size_for("x", [1, 2, 3])
    with pytest.raises(ArgumentError, match="x: expected symbols of the alphabet, got b and 1 more"):
        Alphabet.parse("a,c,d,e").size_for("x", ["a", "b", "f"])
    calls: tuple[Callable[[], object], ...] = (
        lambda: certify_counts_entropy([1, 2, 3], alphabet=2),
        lambda: certify_table_mi([[1, 2], [3, 4]], alphabets=(2, 1)),
        lambda: certify_table_mi([[1, 2], [3, 4]], alphabets=(1, 2)),
        lambda: certify_counts_jsd([1, 2], [3, 4], alphabet=1),
    )
    for call in calls:
        with pytest.raises(ArgumentError, match="at least the"):
            call()
