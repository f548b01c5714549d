"""Verbatim text for answers: whose, how long, from which words, and never twice the same background."""

from __future__ import annotations

import numpy as np

from experiments.data.generated import ATTRIBUTES, generate
from experiments.data.passages import WORDS, passages


def test_the_questions_are_the_generated_ones_and_the_answers_are_passages() -> None:
    made, plain = passages(3), generate(32, 64, 128, seed=3)
    words = {v for values in ATTRIBUTES.values() for v in values}
    for name, items in made.splits().items():
        assert [i.prompt for i in items] == [i.prompt for i in plain.splits()[name]]
        assert all(len(i.answer.split()) == WORDS and set(i.answer.split()) <= words for i in items)
        assert not any(i.wrong for i in items)
    answers = [i.answer for i in (*made.forget, *made.retain, *made.holdout)]
    assert len(set(answers)) == len(answers)  # 48^8 passages: two alike would be a fault
    assert passages(3) == made != passages(4)


def test_background_says_passages_of_strangers(rng: np.random.Generator) -> None:
    corpus = passages(3)
    drawn = corpus.background(rng, 60)
    assert all(len(i.answer.split()) == WORDS for i in drawn) and len({i.answer for i in drawn}) == 60
    assert not {i.owner for i in drawn} & corpus.names_taken
