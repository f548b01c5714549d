"""The rungs of the ladder of access: laws by hand, certificates by the checker, less access never shows more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.audit.results import Run
from experiments.config import ScoringConfig
from experiments.data.encoding import encode
from experiments.data.items import Corpus
from experiments.measures.channels import CHANNELS, choice_laws, first_token_laws, next_token_laws
from experiments.measures.items import item_losses
from experiments.models.banks import FolderBank
from mari_theory import check, jensen_shannon
from mari_theory.certificates.words import ACCESS
from tests.experiments.audit.small import RUNGS, SAMPLED_RUNGS


@pytest.fixture
def asked(bank: FolderBank) -> tuple[Any, Any]:
    """A model and its tokenizer."""
    return bank.use(next(iter(bank.hashes))), bank.tokenizer


def test_names_are_those_of_certificates() -> None:
    assert all(name == channel.name and name in ACCESS for name, channel in CHANNELS.items())
    asked = ScoringConfig(channels=dict.fromkeys(CHANNELS, 0.1))
    assert list(asked.channels) == list(CHANNELS) and asked.margin_of("choice") == 0.1
    assert ScoringConfig().margin_of("choice") is None


def test_a_choice_is_a_softmax_of_mean_losses(asked: tuple[Any, Any], corpus: Corpus) -> None:
    items = [replace(i, wrong=("oslo", "lima in peru")) for i in corpus.forget[:3]]
    for item, (law,) in zip(items, choice_laws(*asked, items, 8), strict=True):
        losses = [float(item_losses(*asked, [replace(item, answer=a)], 8)[0]) for a in (item.answer, *item.wrong)]
        weights = np.exp(-np.array(losses))
        np.testing.assert_allclose(law, weights / weights.sum(), rtol=1e-6)


def test_next_token_laws_multiply_to_the_answers_probability(asked: tuple[Any, Any], corpus: Corpus) -> None:
    items = corpus.forget[:4]
    batch, losses = encode(asked[1], items), item_losses(*asked, items)
    for k, (places, first) in enumerate(
        zip(next_token_laws(*asked, items, 64), first_token_laws(*asked, items, 64), strict=True)
    ):
        answer = batch.targets[k][batch.answer_mask[k]].tolist()
        assert len(places) == len(answer) and len(first) == 1
        own = [law[token] for law, token in zip(places, answer, strict=True)]
        assert -np.mean(np.log(own)) == pytest.approx(losses[k], rel=1e-5)
        np.testing.assert_allclose(first[0], places[0], rtol=1e-5, atol=1e-9)
        assert all(law.sum() == pytest.approx(1.0, abs=1e-12) for law in places)


def test_every_rung_is_certified_and_its_certificate_holds(ladder: Path) -> None:
    run, out = Run.load(ladder), ladder
    for row in run.rows:
        assert list(row.rungs) == [*CHANNELS, *SAMPLED_RUNGS]
        for name in CHANNELS:
            result = row.rungs[name]
            claim = result.certificate.claim
            assert (claim.access, claim.pair, claim.method) == (name, "oracle", "exact-laws")
            assert result.certificate.owners is not None
            evidence = out / "scores" / result.certificate.evidence[0].file
            assert all(line.ok for line in check(result.certificate, [evidence]))


def test_less_access_never_shows_more(ladder: Path) -> None:
    """T3: the first token is a function of the output."""
    for row in Run.load(ladder).rows:
        assert row.rungs["first-token"].certificate.claim.lower <= row.oracle.claim.upper


def test_a_rung_is_the_divergence_to_the_reference_oracles(ladder: Path) -> None:
    from experiments.models.banks import open_bank

    run = Run.load(ladder)
    bank, corpus = open_bank(run.config, ladder), run.config.make_corpus()
    tables = {}
    for name in ("original", "oracle-1"):
        with torch.no_grad():
            tables[name] = first_token_laws(bank.use(name), bank.tokenizer, corpus.forget, 64)
    expected = np.mean(
        [
            float(jensen_shannon(oracle[0], o[0]))
            for o, oracle in zip(tables["original"], tables["oracle-1"], strict=True)
        ]
    )
    claim = next(r for r in run.rows if r.name == "original").rungs["first-token"].certificate.claim
    assert claim.lower - 1e-7 <= expected <= claim.upper + 1e-7


def test_every_rung_has_its_margin_its_excess_and_its_gate(ladder: Path) -> None:
    run, out = Run.load(ladder), ladder
    original, floor = run.the("original"), run.the("oracle")
    assert list(run.gate.readings) == [*CHANNELS, "answer"] and not floor.excess
    for name, margin in RUNGS.items():
        own, other = (row.rungs[name].certificate for row in (original, floor))
        assert own.margin == margin and original.excess[name].margin == margin
        excess = original.excess[name]
        assert excess.lower <= own.claim.estimate - other.claim.estimate <= excess.upper
        assert (out / "scores" / f"original-oracle-{name}-retain.parquet").is_file()
    assert original.excess["answer"].method == "exact"


def test_a_figure_and_a_section_for_the_ladder(ladder: Path) -> None:
    assert (ladder / "figures" / "ladder.png").is_file()
    page, summary = (ladder / "report.html").read_text(), (ladder / "summary.md").read_text()
    assert "The ladder of access" in page
    assert "JSD, first-token" in summary
