"""Every output of at most two tokens: what samples estimate, what pruning leaves."""

from __future__ import annotations

import numpy as np
import pytest

from estimators import certify_likelihood_ratio
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.sampling import draw, log_likelihoods
from experiments.models.banks import FolderBank


def test_sampled_intervals_contain_the_enumerated_value(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    """Confidence 1 - 1e-6: a false alarm once in a million runs."""
    p, q = arms
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    low, high = enumerate_divergence(bank, p, q, prompts, floor=0.0)
    draws = [draw(bank, arm, prompts, 1500, 2, seed) for seed, arm in enumerate((p, q))]
    log_p, log_q = (np.concatenate([log_likelihoods(bank, arm, prompts, d) for d in draws]) for arm in (p, q))
    made = certify_likelihood_ratio(log_p, log_q, np.repeat([0, 1], 1500), 1 - 1e-6)
    assert high - low < 1e-5
    assert made.jsd.interval.lower <= high and low <= made.jsd.interval.upper
    assert made.jsd.value == pytest.approx(low, rel=0.2)


def test_pruning_widens_the_enumeration_and_keeps_the_value_inside(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    p, q = arms
    prompts = many_prompt_ids(bank.tokenizer, [corpus.forget[0].prompt])
    exact, rough = (enumerate_divergence(bank, p, q, prompts, floor) for floor in (0.0, 0.004))
    assert rough[0] <= exact[1] and exact[0] <= rough[1]
    assert rough[1] - rough[0] > exact[1] - exact[0]


def test_a_model_against_itself_is_zero(bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus) -> None:
    p, _ = arms
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget[:3]])
    assert enumerate_divergence(bank, p, p, prompts)[0] == 0.0
