"""Betting on whose answer is whose: capital has mean 1 exactly, at every stopping rule. False alarms of simulated tests: 1e-6 each."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from estimators import answer_betting
from estimators.answer_betting import AnswerBetting
from estimators.answers import Answers, Row
from mari_theory import ArgumentError

PAIRS = [("x", "aa", "ab"), ("y", "aa", "cc"), ("x", "aa", "bb"), ("x", "aa", "ab"), ("y", "ac", "cc"), ("x", "a", "")]


def capitals() -> np.ndarray:
    """Under one law a pair could as well be the other way round: every such history, shape (2^pairs, pairs)."""
    paths = []
    for swaps in product((False, True), repeat=len(PAIRS)):
        p = [Row(x, b if s else a) for (x, a, b), s in zip(PAIRS, swaps, strict=True)]
        q = [Row(x, a if s else b) for (x, a, b), s in zip(PAIRS, swaps, strict=True)]
        paths.append(AnswerBetting().run(Answers.of(p, q)).capital)
    return np.array(paths)


def test_the_mean_over_all_histories_is_1_after_every_pair_and_at_every_stop() -> None:
    paths = capitals()
    np.testing.assert_allclose(paths.mean(axis=0), 1, atol=1e-7)
    assert paths.min() > 0 and paths.max() > 1.5
    for bar in (1.02, 1.1, 1.4):
        stop = np.where((paths >= bar).any(axis=1), np.argmax(paths >= bar, axis=1), len(PAIRS) - 1)
        stopped = paths[np.arange(len(paths)), stop]
        assert stopped.mean() == pytest.approx(1, abs=1e-7) and len(set(stop)) > 1
        assert np.mean(paths.max(axis=1) >= bar) <= 1 / bar  # Ville


def test_a_bet_that_has_seen_its_own_pair_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_betting, "EARLIER", 0)
    assert capitals().mean(axis=0)[-1] > 1.1


def test_capital_seldom_ever_reaches_20_under_one_law() -> None:
    rng, runs, hits = np.random.default_rng(6), 150, 0
    for _ in range(runs):
        prompts = rng.integers(3, size=60)
        p, q = ([Row(f"q{x}", "".join(rng.choice(list("ab"), size=3))) for x in prompts] for _ in range(2))
        hits += AnswerBetting().run(Answers.of(p, q)).stopped(0.2) is not None
    assert hits <= binom.isf(1e-6, runs, 0.2)


def test_it_finds_a_planted_answer_and_another_variety() -> None:
    rng = np.random.default_rng(7)
    names = [f"q{k}" for k in range(5)]

    def rows(letters: str, secret: float) -> list[Row]:
        told = [(x, x == "q2" and rng.random() < secret) for x in names for _ in range(60)]
        return [Row(x, "secret" if s else "".join(rng.choice(list(letters), size=6))) for x, s in told]

    same = rows("abcdefgh", 0.0)
    for other in (rows("abcdefgh", 0.6), rows("aabcdefgh", 0.0) + rows("ab", 0.0)):
        result = AnswerBetting().run(Answers.of(same, other))
        stop = result.stopped(0.05)
        assert result.p_value <= 0.05 and stop is not None and result.capital[stop - 1] >= 20
        assert result.p_value == pytest.approx(1 / result.capital.max())


def test_more_rows_continue_the_same_game() -> None:
    rng = np.random.default_rng(8)
    p, q = ([Row(f"q{x}", str(rng.integers(9))) for x in rng.integers(4, size=80)] for _ in range(2))
    early, late = (AnswerBetting().run(Answers.of(p[:n], q[:n])).capital for n in (50, 80))
    np.testing.assert_allclose(late[: early.size], early, rtol=1e-9)
    assert early.size < late.size < 80


@pytest.mark.parametrize("scales", [(), (0.0,), (-1.0,), (float("nan"),), (float("inf"),)])
def test_bad_scales_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(ArgumentError, match="scales"):
        AnswerBetting(scales)
