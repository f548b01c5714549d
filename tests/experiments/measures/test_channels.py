"""The rungs of the ladder of access: laws by hand, certificates by the checker, less access never shows more."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, ScoringConfig
from experiments.data.encoding import encode
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.channels import CHANNELS, choice_laws, first_token_laws, mean_table, next_token_laws
from experiments.measures.context import Measurements
from experiments.measures.items import item_losses
from experiments.models.banks import FolderBank, open_bank
from mari_theory import ArgumentError, check, jensen_shannon
from mari_theory.certificates.words import ACCESS
from tests.experiments.audit.small import RUNGS, SAMPLED_RUNGS, small


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


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_a_mixture_of_tables_is_their_mean_and_leaves_them_alone(models: int, items: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [(rng.integers(1, 4), rng.integers(2, 6)) for _ in range(items)]
    tables = [[[rng.dirichlet(np.ones(n)) for _ in range(places)] for places, n in sizes] for _ in range(models)]
    before = copy.deepcopy(tables)
    mixed = mean_table(iter(tables))
    for k, places in enumerate(mixed):
        for j, law in enumerate(places):
            assert np.array_equal(law, np.mean([t[k][j] for t in tables], axis=0))
    assert all(
        np.array_equal(a, b)
        for x, y in zip(tables, before, strict=True)
        for p, q in zip(x, y, strict=True)
        for a, b in zip(p, q, strict=True)
    )


def test_laws_are_kept_for_oracles_of_the_reference_alone(ladder: Path) -> None:
    run, read = Run.load(ladder), list[str]()
    m = Measurements(run.config, ladder, run.config.audit_corpus(), open_bank(run.config, ladder))

    def laws(*_: object) -> list[list[np.ndarray[Any, Any]]]:
        read.append("read")
        return [[np.ones(2) / 2]]

    for name in ("original", "original", "oracle-1", "oracle-1"):
        m.table("choice", name, "forget", laws)
    assert m.reference == ("oracle-1",) and len(read) == 3


def test_a_choice_without_wrong_answers_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name, items in small().make_corpus().splits().items():
        write_prompts(tmp_path / "data" / f"{name}.jsonl", items)
    data = small(channels={"choice": 0.1}).model_dump() | {
        "corpus": {"kind": "jsonl", "folder": str(tmp_path / "data")}
    }
    with pytest.raises(ArgumentError, match=r"^scoring\.channels, choice: expected items with at least two options"):
        run_audit(RunConfig(**data), tmp_path / "run")
    assert not (tmp_path / "run").exists()
