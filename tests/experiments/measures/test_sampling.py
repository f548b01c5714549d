"""Draws and their likelihoods: an averaged arm, a score that does not depend on its company."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.sampling import Draws, draw, log_likelihoods
from experiments.models.banks import FolderBank


def test_likelihood_of_an_averaged_arm_is_the_log_of_the_mean(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    p, q = arms
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    draws = draw(bank, p, prompts, 20, 3, 0)
    one, two, both = (log_likelihoods(bank, arm, prompts, draws) for arm in (p, q, p + q))
    assert np.allclose(both, np.logaddexp(one, two) - np.log(2))


def test_scores_do_not_depend_on_the_company(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    p, _ = arms
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    draws = draw(bank, p, prompts, 40, 3, 0)
    alone = Draws(draws.prompt_index[:1], draws.outputs[:1])
    assert log_likelihoods(bank, p, prompts, draws)[0] == pytest.approx(
        log_likelihoods(bank, p, prompts, alone)[0], abs=1e-5
    )
