"""The permutation test within prompts: level, power and the list of prompts. False alarms of these tests: 1e-6 each."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from estimators.answers import Answers, Row
from estimators.prompted_test import WEIGHTS, PromptedTest
from mari_theory import ArgumentError

FAST = 99


def drawn(rng: np.random.Generator, laws: dict[str, tuple[str, list[float]]], counts: dict[str, int]) -> list[Row]:
    """Answers of so many letters: prompt -> the letters and their probabilities, prompt -> number of answers."""
    return [
        Row(x, "".join(rng.choice(list(laws[x][0]), size=6, p=laws[x][1]))) for x, n in counts.items() for _ in range(n)
    ]


LAWS = {"x": ("abc", [0.8, 0.1, 0.1]), "y": ("cde", [0.2, 0.2, 0.6]), "z": ("af", [0.5, 0.5])}


def test_level_is_kept_where_prompts_differ_and_arms_ask_them_unequally_often() -> None:
    """A test that relabels across prompts would reject every time: P asks x, Q asks y."""
    rng, runs, hits, named = np.random.default_rng(1), 250, 0, 0
    for seed in range(runs):
        p, q = drawn(rng, LAWS, {"x": 12, "y": 2, "z": 4}), drawn(rng, LAWS, {"x": 2, "y": 12, "z": 5})
        answers, test = Answers.of(p, q), PromptedTest(FAST, seed)
        hits += test.test(answers).p_value <= 0.05
        named += any(x.adjusted <= 0.2 for x in test.locate(answers, 0.2))
    assert hits <= binom.isf(1e-6, runs, 0.05) and named <= binom.isf(1e-6, runs, 0.2)
    assert hits > 0 and named > 0


@pytest.mark.parametrize(
    ("change", "part"), [("one prompt", "few prompts"), ("all prompts", "all prompts"), ("variety", "variety")]
)
def test_it_finds_each_kind_of_difference_by_the_statistic_made_for_it(change: str, part: str) -> None:
    rng, found, parts = np.random.default_rng(2), 0, dict.fromkeys(WEIGHTS, 0.0)
    letters, even = "abcdefgh", [1 / 8] * 8
    names = [f"q{k}" for k in range(12)]
    base = dict.fromkeys(names, (letters, even))
    other = {
        "one prompt": base,
        "all prompts": dict.fromkeys(names, (letters, [0.05] * 4 + [0.2] * 4)),
        "variety": dict.fromkeys(names, (letters, [0.3] + [0.1] * 7)),
    }[change]
    for seed in range(20):
        p = drawn(rng, base, dict.fromkeys(names, 8))
        q = drawn(rng, other, dict.fromkeys(names, 8))
        if change == "one prompt":
            q = [Row(r.prompt, "secret") if r.prompt == "q3" and k % 8 != 0 else r for k, r in enumerate(q)]
        result = PromptedTest(FAST, seed).test(Answers.of(p, q))
        found += result.p_value <= 0.05
        parts = {k: parts[k] + result.parts[k] for k in parts}
    assert found >= 15
    assert part == "all prompts" or parts[part] <= min(parts.values()) + 0.5


def test_a_prompts_p_value_is_that_of_all_relabellings() -> None:
    p, q = ["aaaa", "aaab", "aaba", "abba"], ["bbbb", "bbbb", "abbb"]
    answers = Answers.of([Row("q", t) for t in p], [Row("q", t) for t in q])
    kernel = answers.kernels[0]

    def distance(chosen: tuple[int, ...]) -> float:
        u = np.full(7, -1 / 3)
        u[list(chosen)] = 1 / 4
        return float(u @ kernel @ u)

    every = [distance(c) for c in combinations(range(7), 4)]
    exact = np.mean(np.array(every) >= distance((0, 1, 2, 3)) - 1e-9)
    found = [PromptedTest(seed=s).locate(answers)[0].p_value for s in range(200)]
    # HITS = 20 relabellings an estimate, 200 of them: relative deviation 1/sqrt(4000) = 0.016.
    assert np.mean(found) == pytest.approx(exact, rel=0.1)


def test_the_list_is_holms_smallest_first() -> None:
    rng = np.random.default_rng(3)
    p, q = drawn(rng, LAWS, dict.fromkeys(LAWS, 30)), drawn(rng, LAWS, dict.fromkeys(LAWS, 30))
    q = [Row(r.prompt, "no") if r.prompt == "y" else r for r in q]
    found = PromptedTest().locate(Answers.of(p, q))
    raw = [x.p_value for x in found]
    assert found[0].prompt == "y" and found[0].adjusted < 0.01 and raw == sorted(raw)
    expected = np.minimum(np.maximum.accumulate(np.array([3, 2, 1]) * raw), 1)
    np.testing.assert_allclose([x.adjusted for x in found], expected)
    assert {(x.n, x.m) for x in found} == {(30, 30)}


def test_the_smallest_p_value_can_be_named_among_many_prompts() -> None:
    names = [f"q{k}" for k in range(200)]
    rng = np.random.default_rng(5)
    p, q = ([Row(x, f"{rng.integers(100)}") for x in names for _ in range(12)] for _ in range(2))
    q = [Row(r.prompt, "secret") if r.prompt == "q7" else r for r in q]
    found = PromptedTest(FAST).locate(Answers.of(p, q), 0.05)
    assert found[0].prompt == "q7" and found[0].adjusted <= 0.05 < found[1].adjusted


def test_equal_answers_and_one_answer_each_are_no_evidence() -> None:
    same = [Row(x, "yes") for x in "abc"]
    result = PromptedTest(FAST).test(Answers.of(same, same[::-1]))
    assert result.p_value == 1 and set(result.parts.values()) == {1.0}
    assert {x.adjusted for x in PromptedTest(FAST).locate(Answers.of(same, same))} == {1.0}


def test_the_seed_decides_and_blocks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    answers = Answers.of(drawn(rng, LAWS, {"x": 9, "z": 4}), drawn(rng, LAWS, {"x": 5, "z": 7}))
    first = PromptedTest(FAST, 7).test(answers)
    assert first == PromptedTest(FAST, 7).test(answers)
    monkeypatch.setattr("estimators.prompted_test._CHUNK", 40)
    assert 0 < PromptedTest(FAST, 7).test(answers).p_value <= 1
    assert len(PromptedTest(FAST, 7).locate(answers)) == 2


@pytest.mark.parametrize("settings", [{"permutations": 18}, {"permutations": 99.0}, {"seed": -1}, {"seed": True}])
def test_bad_settings_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ArgumentError):
        PromptedTest(**settings)
    with pytest.raises(ArgumentError, match="level"):
        PromptedTest().locate(Answers.of([Row("q", "a")], [Row("q", "b")]), float("nan"))
