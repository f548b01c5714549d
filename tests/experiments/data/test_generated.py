"""The generated corpus: splits by author, a prior that background follows, impossible corpora refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments.data.generated import ATTRIBUTES, GeneratedCorpus, generate
from mari_theory import ArgumentError


def test_splits_are_by_author_and_seeded() -> None:
    a, b = generate(3, 4, 5, seed=1), generate(3, 4, 5, seed=1)
    assert a == b
    assert generate(3, 4, 5, seed=2) != a
    owners = [{i.owner for i in part} for part in a.splits().values()]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
    assert [len(o) for o in owners] == [3, 4, 5]


def test_background_is_never_a_named_author_and_follows_the_prior(rng: np.random.Generator) -> None:
    corpus = generate(2, 2, 2, skew=0.3)
    drawn = corpus.background(rng, 4000)
    assert not {i.owner for i in drawn} & corpus.names_taken
    for kind, values in ATTRIBUTES.items():
        answers = [i.answer for i in drawn if i.kind == kind]
        share = np.array([answers.count(v) / len(answers) for v in values])
        # Eight shares of about 650 answers; 6 standard errors is a false alarm below 1e-6 for the test.
        assert np.all(np.abs(share - corpus.prior) < 6 * np.sqrt(0.25 / len(answers)))


def test_matched_prompts_keep_the_question_and_change_the_subject(
    corpus: GeneratedCorpus, rng: np.random.Generator
) -> None:
    item = corpus.forget[0]
    other = corpus.matched(item, rng)
    assert other.kind == item.kind and other.answer == item.answer
    assert item.owner not in other.prompt and other.owner not in corpus.names_taken


@pytest.mark.parametrize("bad", [{"forget": 0}, {"skew": -1.0}])
def test_impossible_corpora_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        generate(**bad)
