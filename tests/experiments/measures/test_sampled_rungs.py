"""Sampled rungs: prefixes of one set of draws, and whole owners; each against a number that is known otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.audit.results import Run
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.context import Measurements
from experiments.measures.sampled_rungs import SAMPLED
from experiments.measures.sampling import draw_owners, log_likelihoods, owner_log_likelihoods
from experiments.models.banks import FolderBank, open_bank
from mari_theory import check
from mari_theory.certificates.files import read_scores
from mari_theory.certificates.words import ACCESS


def test_names_are_those_of_certificates() -> None:
    assert all(name == rung.name and name in ACCESS for name, rung in SAMPLED.items())


def test_the_first_token_of_an_output_is_the_first_token(ladder: Path) -> None:
    """Two ways to one number: draws against laws. At 95 % each; a miss at this seed would be a miss for ever."""
    for row in Run.load(ladder).rows:
        drawn, known = (row.rungs[name].certificate.claim for name in ("prefix-1", "first-token"))
        assert drawn.lower <= known.upper and known.lower <= drawn.upper and drawn.upper - drawn.lower < 0.69


def test_a_prefix_as_long_as_the_output_is_the_output(ladder: Path) -> None:
    run = Run.load(ladder)
    assert run.config.scoring.max_new == 2
    for row in run.rows:
        whole = row.pairs["oracle"].sampled or row.oracle
        cut = row.rungs["prefix-2"].certificate
        both = [read_scores(ladder / "scores" / c.evidence[0].file) for c in (whole, cut)]
        assert np.array_equal(both[0].log_p, both[1].log_p) and np.array_equal(both[0].log_q, both[1].log_q)
        assert cut.claim.access == "prefix-2" and cut.claim.upper == pytest.approx(whole.claim.upper)


def test_every_sampled_certificate_holds(ladder: Path) -> None:
    for row in Run.load(ladder).rows:
        for name in ("prefix-1", "owner"):
            made = row.rungs[name].certificate
            assert made.claim.access == name and made.margin == {"prefix-1": 0.2, "owner": 0.3}[name]
            assert all(x.ok for x in check(made, [ladder / "scores" / made.evidence[0].file]))


def test_answers_about_an_owner_come_from_one_model_and_multiply(
    bank: FolderBank, arms: tuple[list[str], list[str]], corpus: Corpus
) -> None:
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    owners = [i.owner for i in corpus.forget]
    both = [*arms[0], *arms[1]]
    draws = draw_owners(bank, both, prompts, owners, 12, 3, seed=1)
    assert set(draws.owners) <= set(owners) and len(draws.owners) == 12
    assert [owners[k] for k in draws.answers.prompt_index] == [draws.owners[k] for k in draws.number]
    alone = [log_likelihoods(bank, [name], prompts, draws.answers) for name in both]
    of_draw = [[a[draws.number == k].sum() for k in range(12)] for a in alone]
    wanted = np.logaddexp(of_draw[0], of_draw[1]) - np.log(2)
    assert np.allclose(owner_log_likelihoods(bank, both, prompts, draws), wanted, rtol=1e-12)
    averaged_too_early = log_likelihoods(bank, both, prompts, draws.answers)
    assert not np.allclose(np.bincount(draws.number, averaged_too_early), wanted)


def test_as_many_outputs_as_the_other_rungs_have(ladder: Path) -> None:
    run = Run.load(ladder)
    m = Measurements(run.config, ladder, run.config.audit_corpus(), open_bank(run.config, ladder))
    draws = m.owner_draws(("original",))
    assert len(draws.answers.outputs) == run.config.scoring.draws // 6 * 6
    assert sum(draws.tokens) == sum(len(o) for o in draws.answers.outputs)
