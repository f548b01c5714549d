"""Greedy answers as a rung: the share of an arm's models that give each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.audit.results import Run
from experiments.measures.context import Measurements
from experiments.models.banks import open_bank
from mari_theory import jensen_shannon
from mari_theory.units import LN2


def test_one_model_an_arm_reads_the_share_of_answers_that_differ(ladder: Path) -> None:
    run = Run.load(ladder)
    m = Measurements(run.config, ladder, run.config.audit_corpus(), open_bank(run.config, ladder))
    for row in run.rows:
        (model,), (oracle,) = row.models, m.reference
        differ = np.mean([a != b for a, b in zip(m.greedy(model), m.greedy(oracle), strict=True)])
        claim = row.rungs["greedy"].certificate.claim
        assert claim.access == "greedy" and claim.method == "exact-laws"
        assert claim.lower <= differ * LN2 <= claim.upper and claim.upper - claim.lower < 1e-9


def test_several_models_an_arm_read_the_divergence_of_the_shares(ladder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.measures import greedy
    from experiments.unlearning.roles import mixtures_of, roles_of

    run = Run.load(ladder)
    m = Measurements(run.config, ladder, run.config.audit_corpus(), open_bank(run.config, ladder))
    given = {"original": [5], "oracle-0": [6], "oracle-1": [5]}
    monkeypatch.setattr(m, "greedy", lambda name: [given[name]] * len(m.corpus.forget))
    monkeypatch.setattr(m, "reference", ("oracle-1",))
    two = replace(mixtures_of(run.config)[0], roles=tuple(roles_of(run.config)[:2]))
    made = greedy.greedy_rung(m, two).certificate
    wanted = float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])))
    assert made.claim.lower <= wanted <= made.claim.upper and made.claim.upper - made.claim.lower < 1e-9
    assert "mixture-of-seeds" in made.assumptions
