"""A declared finite channel: which category, what is counted, and that the interval covers although prompts differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from estimators.answer_categories import Categories, certify_categories
from estimators.answers import Answers, Row
from estimators.certify import certify_files
from mari_theory import ArgumentError, check, jensen_shannon
from mari_theory.certificates.files import write_pool

NAMES = ("a", "b", "c")


def test_the_first_pattern_that_is_found_names_the_category() -> None:
    c = Categories.matching(["refusal=(?i)sorry", "year=[0-9]{4}", "eq=a=b"])
    assert c.names == ("refusal", "year", "eq", "other")
    assert [c.index(Row("q", t)) for t in ("Sorry, 1999", "in 1999", "a=b", "")] == [0, 1, 2, 3]
    listed = Categories.listed(["x", "y"])
    assert listed.index(Row("q", "anything", "y")) == 1
    assert "refusal: (?i)sorry" in c.describe() and "x, y" in listed.describe()


@pytest.mark.parametrize("text", ["a", "=b", "a=", "a=[", "other=x"])
def test_bad_patterns_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArgumentError) as error:
        Categories.matching([text])
    assert "\n" not in str(error.value)


def test_bad_lists_and_rows_outside_them_are_refused() -> None:
    for names in ([], ["a"], ["a", "a"], ["a", ""]):
        with pytest.raises(ArgumentError):
            Categories.listed(names)
    for category in (None, "c"):
        with pytest.raises(ArgumentError, match="one of a, b"):
            Categories.listed(["a", "b"]).index(Row("q", "text", category))


def stratified(rng: np.random.Generator, laws: np.ndarray, sizes: tuple[int, int]) -> Answers:
    """`laws` has shape (2, prompts, categories); fixed numbers of answers to every prompt, more in one arm than in the other."""
    arms = []
    for law, n in zip(laws, sizes, strict=True):
        arms.append([Row(f"q{x}", k, k) for x, p in enumerate(law) for k in rng.choice(NAMES, size=n, p=p)])
    return Answers.of(arms[0], arms[1])


def test_the_interval_covers_the_mean_over_prompts_at_fixed_numbers_a_prompt() -> None:
    """Between 0 and all disagreement, prompts unlike each other: at most 20 % of the intervals miss."""
    rng, runs = np.random.default_rng(9), 80
    p = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.4, 0.3, 0.3]])
    for q in (p, p[::-1], np.roll(p, 1, axis=1), 0.9 * p + 0.1 / 3):
        laws, missed = np.array([p, q]), 0
        truth = float(np.mean(jensen_shannon(p, q)))
        for seed in range(runs):
            result = certify_categories(stratified(rng, laws, (60, 75)), Categories.listed(NAMES), 0.8, seed)
            missed += truth not in result.jsd.interval
            assert result.counts.sum(axis=2).tolist() == [[60] * 4] * 2
        assert missed <= binom.isf(1e-6, runs, 0.2)
    assert result.jsd.interval.upper < 0.3


def test_prompts_are_not_pooled() -> None:
    """Two prompts whose answers trade places: the pooled categories are alike, the prompts are not."""
    laws = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [1, 0, 0]]], dtype=float)
    result = certify_categories(stratified(np.random.default_rng(0), laws, (800, 800)), Categories.listed(NAMES))
    assert result.jsd.interval.lower > 0.5


def test_the_pool_makes_a_certificate_that_is_derived_again(tmp_path: Path) -> None:
    p = np.tile([0.5, 0.5, 0.0], (3, 1))
    answers = stratified(np.random.default_rng(1), np.array([p, p]), (400, 400))
    result = certify_categories(answers, Categories.listed(NAMES))
    write_pool(tmp_path / "c.npz", result.pool("shift"))
    made = certify_files([tmp_path / "c.npz"], margin=0.05)
    assert made.claim.access == "category" and made.claim.upper <= result.jsd.interval.upper
    assert "pooled-stratified" in made.assumptions and "pooled-rows" not in made.assumptions
    assert made.verdict == "equivalent on average" and check(made, [tmp_path / "c.npz"])
