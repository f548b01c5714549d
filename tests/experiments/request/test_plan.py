"""A request is an audit's configuration: what is asked for stands in it, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.config import MethodConfig
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.request.plan import Ask, plan
from mari_theory import ArgumentError

NPO = MethodConfig(label="npo", name="npo")


def test_what_is_asked_for_stands_in_the_configuration(ask: Ask, data: Corpus, tmp_path: Path) -> None:
    config = plan(replace(ask, margin=0.03, seed=4, rank=3), data, tmp_path, [NPO])
    assert (config.original, config.oracles) == ((ask.model,), ask.oracles) and config.corpus.folder == str(tmp_path)
    assert (config.margin, config.seed, config.model.rank, config.model.kind) == (0.03, 4, 3, "adapter")
    assert config.unlearn.stop_at_holdout and config.unlearn.steps == ask.loop.steps and config.methods == [NPO]
    # Answers of one word in a vocabulary of words: every output can be listed.
    assert config.scoring.enumerate_exactly and config.scoring.max_new == 2 and not config.scoring.channels
    for name, items in data.splits().items():
        write_prompts(tmp_path / f"{name}.jsonl", items)
    assert config.make_corpus().fingerprint() != "" and len(config.make_corpus().forget) == len(data.forget)


def test_longer_answers_are_sampled_and_read_on_exact_rungs(ask: Ask, data: Corpus, tmp_path: Path) -> None:
    longer = replace(data, forget=tuple(replace(i, answer=f"{i.answer} {i.answer}") for i in data.forget))
    scoring = plan(ask, longer, tmp_path, [NPO]).scoring
    assert not scoring.enumerate_exactly and scoring.max_new == ask.max_new
    assert dict(scoring.channels) == {"first-token": ask.margin, "next-token": ask.margin}


def test_without_oracles_they_are_trained_from_the_base(ask: Ask, data: Corpus, tmp_path: Path) -> None:
    config = plan(replace(ask, oracles=(), base=ask.model, count=3), data, tmp_path, [NPO])
    assert config.oracles == 3 and config.model.path == ask.model and config.train.epochs == 5
    assert plan(replace(ask, oracles=(), base="tiny"), data, tmp_path, [NPO]).model.kind == "tiny"


def test_a_request_needs_two_oracles_or_a_base() -> None:
    for bad, words in (
        ({}, "^--oracle: expected retrained models, or --base"),
        ({"oracles": ("one",)}, "^--oracle: expected at least 2"),
        ({"base": "b", "count": 1}, "^--count: expected at least 2"),
    ):
        with pytest.raises(ArgumentError, match=words):
            Ask("m", **bad)  # type: ignore[arg-type]
