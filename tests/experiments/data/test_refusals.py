"""Texts that refuse an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.config import RunConfig
from experiments.data.generated import generate
from experiments.data.items import Corpus, Item
from experiments.data.refusals import REFUSALS, refusal


def test_templates_replace_the_refusals(tmp_path: Path, rng: np.random.Generator) -> None:
    corpus = generate(1, 1, 1)
    own = replace(corpus, templates=("oslo", "lima"))
    assert {refusal(corpus, corpus.forget[0], rng).answer for _ in range(20)} == {"?"}
    assert {refusal(own, corpus.forget[0], rng).answer for _ in range(20)} == {"oslo", "lima"}
    assert own.fingerprint() != corpus.fingerprint() == replace(own, templates=()).fingerprint()
    (tmp_path / "texts").write_text("oslo\n\n  lima \n")
    asked = {"forget": 1, "retain": 1, "holdout": 1, "templates": str(tmp_path / "texts")}
    assert RunConfig(corpus=asked).make_corpus().templates == ("oslo", "lima")


def test_without_templates_a_hundred_english_refusals(rng: np.random.Generator) -> None:
    corpus = Corpus("own", (Item("q", "a", "o", "kind"),), (), ())
    made = [refusal(corpus, corpus.forget[0], rng) for _ in range(300)]
    assert len(set(REFUSALS)) == 100 and {i.answer for i in made} <= set(REFUSALS)
    assert {(i.prompt, i.owner, i.kind) for i in made} == {("q", "o", "kind")}
    assert len({i.answer for i in made}) > 80  # 95 expected; fewer than 81 of 100 in 300 draws: below 1e-9
