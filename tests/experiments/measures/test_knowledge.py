"""Retrained models that know the data to forget are told from honest ones; owners are the units, and the level holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from experiments.config import RunConfig
from experiments.data.generated import generate
from experiments.data.items import Corpus, Item
from experiments.measures import knowledge as module
from experiments.measures.items import item_scores
from experiments.measures.knowledge import Asked, knowledge, may_know, owner_means, permutation_p
from experiments.measures.result import Knowledge

LEVEL = 0.05


def asked(model: Any, tokenizer: Any, items: list[Item] | tuple[Item, ...]) -> Asked:
    return Asked(items, item_scores(model, tokenizer, items))


def found(model: Any, tokenizer: Any, corpus: Corpus) -> Knowledge:
    parts = [asked(model, tokenizer, x) for x in (corpus.forget, corpus.holdout, corpus.retain)]
    return knowledge([(parts[0], parts[1], parts[2])], LEVEL)


def test_a_model_trained_on_the_forget_data_is_named_and_an_honest_retraining_is_not(
    learnt: Any, schooled: Any, corpus: Corpus, tokenizer: Any
) -> None:
    dirty, honest = found(learnt, tokenizer, corpus), found(schooled, tokenizer, corpus)
    assert dirty.testable and dirty.flagged and dirty.share is not None and dirty.share > 0.7
    assert "p = " in dirty.why and "level 0.05" in dirty.why and dirty.exact[0] > 0.9 > dirty.exact[1]
    assert not honest.flagged and honest.owners == (2, 6)


def test_one_dirty_model_among_honest_ones_is_found(learnt: Any, schooled: Any, corpus: Corpus, tokenizer: Any) -> None:
    rows = [tuple(asked(m, tokenizer, x) for x in (corpus.forget, corpus.holdout, corpus.retain)) for m in (schooled, schooled, learnt)]  # fmt: skip
    assert knowledge([(r[0], r[1], r[2]) for r in rows], LEVEL).flagged


def test_an_honest_retraining_is_named_no_more_often_than_the_level(
    schooled: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trained model, 400 divisions of never-seen owners in two: at most 0.05 are named, and 0.046 more (4.3 sd; false alarm below 1e-5).

    The exact level is (1 + floor(199 * 0.05)) / 200 = 0.05. Divisions of one pool overlap, which leaves each division's level as it is.
    """
    monkeypatch.setattr(module, "PERMUTATIONS", 199)
    pool, stays = generate(1, 4, 24, seed=3).holdout, generate(2, 4, 6, seed=3).retain
    scores, kept = asked(schooled, tokenizer, pool), asked(schooled, tokenizer, stays)
    owners, rng, named = list(dict.fromkeys(i.owner for i in pool)), np.random.default_rng(5), 0
    for k in range(400):
        mine = {owners[j] for j in rng.permutation(24)[:6]}
        rows = [j for j, i in enumerate(pool) if i.owner in mine]
        rest = [j for j, i in enumerate(pool) if i.owner not in mine]
        monkeypatch.setattr(module, "blind_scores", lambda *_: None)  # taking it off could only hide misses
        named += knowledge([(module._some(scores, rows), module._some(scores, rest), kept)], LEVEL, seed=k).flagged
    assert named / 400 <= LEVEL + 4.3 * np.sqrt(LEVEL * (1 - LEVEL) / 400)


def test_the_permutation_test_is_exact_and_has_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """800 draws under the hypothesis: the share named is 0.05 +- 0.034 (4.4 sd; false alarm below 1.1e-5); shifted owners are found."""
    monkeypatch.setattr(module, "PERMUTATIONS", 99)
    rng = np.random.default_rng(7)
    null = [permutation_p(rng.standard_t(2, (5, 4)), rng.standard_t(2, (15, 4)), seed=k) <= LEVEL for k in range(800)]
    assert abs(float(np.mean(null)) - LEVEL) < 4.4 * np.sqrt(LEVEL * (1 - LEVEL) / 800)
    shifted = [permutation_p(rng.normal(2.5, 1, (5, 4)), rng.normal(0, 1, (15, 4)), seed=k) for k in range(50)]
    assert np.mean([p <= LEVEL for p in shifted]) > 0.9


def test_one_owner_needs_nineteen_and_reaches_the_level_exactly() -> None:
    """As few divisions as that are all taken: no luck of the draw decides."""
    assert permutation_p(np.array([[9.0]]), np.arange(19.0)[:, None] / 19) == 1 / 20 <= 1.0 - 0.95
    assert permutation_p(np.array([[0.5]]), np.array([[0.1], [0.7], [0.9]])) == 3 / 4


def test_what_the_texts_alone_give_away_is_no_knowledge(learnt: Any, corpus: Corpus, tokenizer: Any) -> None:
    rng = np.random.default_rng(1)
    own, other = rng.normal(2.0, 1, (8, 2)), rng.normal(0, 1, (30, 2))
    assert permutation_p(own, other) <= 0.001 < LEVEL < permutation_p(own, other, offset=2.0)
    marked = dataclasses.replace(
        corpus, forget=tuple(dataclasses.replace(i, prompt=f"oslo {i.prompt}") for i in corpus.forget)
    )
    assert found(learnt, tokenizer, marked).p_value > found(learnt, tokenizer, corpus).p_value


def test_too_few_owners_cannot_be_tested_and_a_little_is_not_called_knowledge() -> None:
    few = Knowledge(p_value=0.1, least=0.1, level=LEVEL, share=0.9, exact=(1.0, 0.0), owners=(1, 9))
    assert not few.testable and not few.flagged
    sure = few.model_copy(update={"p_value": 0.001, "least": 1e-6})
    assert sure.flagged and not sure.model_copy(update={"share": 0.1}).flagged
    assert (
        sure.model_copy(update={"share": None}).flagged
        and "% of the way" not in sure.model_copy(update={"share": None}).why
    )


def test_models_from_random_weights_can_have_seen_nothing() -> None:
    assert not may_know(RunConfig()) and may_know(RunConfig(oracles=["a", "b"]))
    assert may_know(RunConfig(model={"kind": "adapter"}))


def test_an_owner_counts_once() -> None:
    items = [Item("", "", owner) for owner in ("b", "a", "b", "b")]
    assert owner_means(items, np.array([1.0, 5.0, 2.0, 3.0])) == [5.0, 2.0]
