"""Two arms side by side: rows in order, every output scored under both, the certified number that of those rows."""

from __future__ import annotations

import numpy as np
import pytest

from estimators import certify_likelihood_ratio
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.pair import Pair, Plan, decoding, sample_pair
from experiments.measures.sampling import Draws, draw, log_likelihoods
from experiments.models.banks import FolderBank


def pair(n: int = 3) -> Pair:
    p, q = Draws(np.array([1, 0, 1]), [[5], [6, 7], [8]]), Draws(np.array([0, 0]), [[9], [4, 4, 4]])
    scores = -np.arange(1.0, 6.0)
    return Pair(p, q, scores, scores - 0.5)


def test_rows_of_p_come_first_and_point_at_their_prompt() -> None:
    made = pair()
    assert made.arm.tolist() == [0, 0, 0, 1, 1] and made.prompt_index.tolist() == [1, 0, 1, 0, 0]
    columns = made.columns(["a", "b"], ["x", "y"])
    assert columns["prompt_id"] == ["b", "a", "b", "a", "a"] and columns["cluster_id"] == ["y", "x", "y", "x", "x"]
    assert columns["tokens"] == [1, 2, 1, 1, 3] and columns["draw"].tolist() == [0, 1, 2, 0, 1]
    assert columns["log_p"] is made.log_p and columns["log_q"] is made.log_q


def test_the_divergence_is_that_of_its_rows() -> None:
    made = pair()
    direct = certify_likelihood_ratio(made.log_p, made.log_q, made.arm, 0.9, design="iid").jsd
    assert made.jsd(0.9) == direct
    # By hand: a row at p/(p+q) = x reads ln 2 - h(x), h the binary entropy; here x is the same in every row.
    x = 1 / (1 + np.exp(-0.5))
    assert direct.value == pytest.approx(np.log(2) + x * np.log(x) + (1 - x) * np.log(1 - x), abs=1e-12)


def test_each_arm_draws_by_its_own_seed_and_is_scored_under_both(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    p, q = arms
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    made = sample_pair(bank, p, q, prompts, Plan(6, 2, (4, 5)))
    drawn = [draw(bank, arm, prompts, 6, 2, seed) for arm, seed in ((p, 4), (q, 5))]
    assert made.outputs == [*drawn[0].outputs, *drawn[1].outputs]
    for found, arm in ((made.log_p, p), (made.log_q, q)):
        assert np.array_equal(found, np.concatenate([log_likelihoods(bank, arm, prompts, d) for d in drawn]))
    assert not np.array_equal(made.log_p, made.log_q)


def test_outputs_are_drawn_from_the_whole_law() -> None:
    assert decoding(7) == {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "max_length": 7}
