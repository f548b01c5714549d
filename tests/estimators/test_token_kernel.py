"""Likeness of answers: a kernel, by hand and as a family."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.token_kernel import UNITS, token_kernel
from mari_theory import ArgumentError


def by_hand(x: str, y: str) -> float:
    """The mean of four cosines, straight from the definition; `$` is the end."""

    def runs(a: str, b: str, k: int) -> int:
        pieces = [[(t + "$" * k)[i : i + k] for i in range(len(t) + 1)] for t in (a, b)]
        return sum(u == v for u in pieces[0] for v in pieces[1])

    def prefix(a: str, b: str) -> int:
        pairs = [u == v for u, v in zip(a + "$", b + "$", strict=False)]
        return pairs.index(False) if False in pairs else len(pairs)

    def place(a: str, b: str) -> int:
        return sum(u == v for u, v in zip(a + "$", b + "$", strict=False))

    parts = [lambda a, b: runs(a, b, 2), lambda a, b: runs(a, b, 4), prefix, place]
    return float(np.mean([f(x, y) / np.sqrt(f(x, x) * f(y, y)) for f in parts]))


def test_it_is_the_mean_of_four_cosines(rng: np.random.Generator) -> None:
    texts = ["", "a", "ab", "abab", "ba", "abababab", "été", "a b", "no, no", "no"]
    texts += ["".join(rng.choice(list("abc "), size=int(n))) for n in rng.integers(0, 12, 12)]
    expected = [[by_hand(x, y) for y in texts] for x in texts]
    np.testing.assert_allclose(token_kernel(texts), expected, atol=1e-12)


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_positive_definite_within_0_and_1_and_does_not_look_at_other_answers(
    unit: str, rng: np.random.Generator
) -> None:
    texts = [" ".join(rng.choice(["to", "be", "or", "not", "!"], size=int(n))) for n in rng.integers(0, 9, 60)]
    kernel = token_kernel(texts, unit)
    assert np.linalg.eigvalsh(kernel).min() > -1e-10 and kernel.min() >= 0 and kernel.max() <= 1 + 1e-12
    np.testing.assert_allclose(np.diag(kernel), 1)
    np.testing.assert_allclose(token_kernel(texts[:7], unit), kernel[:7, :7], atol=1e-12)


def test_long_answers_go_in_blocks(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    texts = ["".join(rng.choice(list("ab"), size=int(n))) for n in rng.integers(0, 40, 30)]
    whole = token_kernel(texts)
    monkeypatch.setattr("estimators.token_kernel._CELLS", 1)
    np.testing.assert_array_equal(token_kernel(texts), whole)


def test_words_are_tokens_of_their_own() -> None:
    assert token_kernel(["one two", "one  two"], "words")[0, 1] == pytest.approx(1)
    assert token_kernel(["one two", "one  two"])[0, 1] < 0.9


@pytest.mark.parametrize(("texts", "unit"), [([], "words"), (["a"], "bytes")])
def test_bad_input_is_refused(texts: list[str], unit: str) -> None:
    with pytest.raises(ArgumentError):
        token_kernel(texts, unit)
