"""Restated facts: which, how many, by whom, in which words, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from experiments.config import RunConfig, load_config
from experiments.data.encoding import encode
from experiments.data.generated import generate, vocabulary
from experiments.data.items import Corpus, Item
from experiments.data.overlap import OTHER_WORDS, TwoWordings, overlapping
from experiments.data.passages import passages
from experiments.data.tofu import tofu_folder
from experiments.models.tiny import tiny_tokenizer
from mari_theory import ArgumentError

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def made(share: float, seed: int = 3) -> Corpus:
    return overlapping(generate(4, 6, 4, sentences=True, seed=seed), share, seed)


def test_shares_are_exact_nested_and_seeded() -> None:
    shared = [{i.prompt for i in made(share).part("shared")} for share in SHARES]
    assert [len(s) for s in shared] == [round(24 * share) for share in SHARES]
    assert all(a < b for a, b in pairwise(shared))
    assert made(0.5) == made(0.5) and shared[2] != {i.prompt for i in made(0.5, 4).part("shared")}
    for share in SHARES:
        corpus = made(share)
        assert {*corpus.part("shared"), *corpus.part("exclusive")} == {*corpus.forget}
        assert corpus.part("retain") == corpus.retain and len(corpus.retain) == 2 * 36 + round(24 * share)


@pytest.mark.parametrize("share", SHARES)
def test_what_stays_states_the_shared_facts_and_no_other(share: float) -> None:
    corpus, plain = made(share), generate(4, 6, 4, sentences=True, seed=3)
    stated = {(i.prompt, i.answer) for i in corpus.retain}
    forgotten = {i.owner for i in corpus.forget}
    for item in corpus.forget:
        wording = OTHER_WORDS[item.kind].format(item.owner)
        assert ((wording, item.answer) in stated) is item.shared
        assert (item.prompt, item.answer) not in stated
    assert not forgotten & {i.owner for i in corpus.retain}  # nobody owns items of two splits
    assert {i.prompt for i in plain.retain} < {i.prompt for i in corpus.retain}
    assert [replace(i, rewording="", shared=False) for i in corpus.forget] == list(plain.forget)


def test_strangers_come_in_either_wording_and_every_word_is_known(rng: np.random.Generator) -> None:
    corpus = made(0.5)
    assert isinstance(corpus, TwoWordings)
    drawn = corpus.background(rng, 400)
    first = sum(i.prompt.startswith(f"{i.kind} : ") for i in drawn)
    assert 140 < first < 260  # 6 standard errors about 200: a false alarm below 1e-8
    assert all(i.prompt in (f"{i.kind} : {i.owner} ?", OTHER_WORDS[i.kind].format(i.owner)) for i in drawn)
    words, tokenizer = set(vocabulary(corpus)), tiny_tokenizer(corpus)
    items = [*corpus.forget, *corpus.retain, *drawn]
    assert all(w in words for i in items for w in f"{i.prompt} {i.answer}".split())
    assert not (encode(tokenizer, items).input_ids == tokenizer.unk_token_id).any()


def test_a_corpus_without_another_wording_is_refused() -> None:
    own = Corpus("own", (Item("q", "a", "o"),), (Item("r", "s", "p"),), ())
    for corpus in (own, passages(3)):
        with pytest.raises(ArgumentError, match=r"corpus\.overlap: expected forget questions with another wording"):
            overlapping(corpus, 0.5, 0)
    with pytest.raises(ArgumentError, match=r"share in \[0, 1\]"):
        overlapping(own, 1.5, 0)


def test_a_configuration_asks_for_it() -> None:
    corpus: RunConfig = load_config("tiny", corpus={"overlap": 0.25, "forget": 2, "retain": 2, "holdout": 2})
    assert len(corpus.make_corpus().part("shared")) == 3
    with pytest.raises(ArgumentError, match="overlap"):
        load_config("tiny", corpus={"overlap": 2})


@pytest.mark.skipif(tofu_folder(None) is None, reason="TOFU data not present")
def test_tofu_is_restated_in_its_own_paraphrases() -> None:
    corpus = load_config("smollm2", corpus={"overlap": 0.25}).make_corpus()
    shared, told = corpus.part("shared"), corpus.retain[-5:]
    assert len(shared) == 5 and len(corpus.retain) == 185
    for item, other in zip(shared, told, strict=True):
        assert (other.prompt, other.answer) == (item.rewording, item.paraphrase) and other.prompt != item.prompt
        assert other.owner in {i.owner for i in corpus.retain[:180]}
