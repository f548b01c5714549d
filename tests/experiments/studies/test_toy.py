"""The toy of the studies: an original that has seen the forget answers and an oracle that has not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from experiments.data.items import Corpus
from experiments.models.load import weight_hash
from experiments.studies.toy import train_pair


def test_other_forget_answers_move_the_original_and_not_the_oracle(corpus: Corpus, tokenizer: Any) -> None:
    other = replace(corpus, forget=tuple(replace(i, answer=i.wrong[0]) for i in corpus.forget))
    first, second = (train_pair(tokenizer, c, 1) for c in (corpus, other))
    assert list(first.models) == ["original", "oracle"]
    hashes = [{name: weight_hash(bank.use(name)) for name in bank.models} for bank in (first, second)]
    assert hashes[0]["oracle"] == hashes[1]["oracle"] and hashes[0]["original"] != hashes[1]["original"]
    assert hashes[0]["oracle"] != hashes[0]["original"]
    assert not first.use("oracle").training
