"""Readings along a run: exact where they say so, detectors under the ceiling, and a false ceiling found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.audit.results import Run
from experiments.config import LoopSettings, RunConfig
from experiments.measures.along import DETECTORS, Laws, comparisons, looks_of, reading, refuted, share_of_ceiling
from experiments.measures.channels import first_token_laws
from experiments.models.banks import open_bank
from mari_theory import jensen_shannon, max_accuracy, total_variation
from mari_theory.units import LN2
from tests.experiments.audit.small import RUNGS, small


def test_every_look_has_exact_rungs_and_detectors_under_their_ceiling(ladder: Path) -> None:
    run = Run.load(ladder)
    history = run.trajectories["MarI pooled 1"]
    assert [h["step"] for h in history] == [0.0, 4.0, 8.0] and run.along is not None
    assert run.along.comparisons == 3 * 3 * len(DETECTORS) == comparisons(run.config)
    assert run.along.refuted == () and set(run.along.share_of_ceiling) == set(RUNGS)
    assert all(0.5 < share <= 1.0 for share in run.along.share_of_ceiling.values())
    assert 0.0 < run.along.share_of_time < 1.0


def test_the_last_look_is_the_rung_of_the_finished_model(ladder: Path) -> None:
    run = Run.load(ladder)
    last, row = run.trajectories["MarI pooled 1"][-1], run.methods[0]
    for name in RUNGS:
        claim = row.rungs[name].certificate.claim
        assert claim.lower - 1e-6 <= (last[f"{name} jsd"] or 0.0) <= claim.upper + 1e-6
    bank, items = open_bank(run.config, ladder), run.config.make_corpus().forget
    p, q = (first_token_laws(bank.use(name), bank.tokenizer, items, 64) for name in ("oracle-1", "mari-pooled-1"))
    wanted = np.mean([float(total_variation(a[0], b[0])) for a, b in zip(p, q, strict=True)])
    assert last["first-token tv"] == pytest.approx(wanted, abs=1e-9)
    assert run.trajectories["MarI pooled 1"][0]["first-token jsd"] == pytest.approx(
        run.the("original").rungs["first-token"].certificate.claim.estimate, abs=1e-6
    )


def test_the_likelihood_ratio_proves_what_is_there_and_nothing_where_there_is_nothing() -> None:
    p, q = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    apart = reading(Laws([p] * 3, [q] * 3, [p] * 3), 0.95, seed=1)
    assert apart["jsd"] == pytest.approx(float(jensen_shannon(p, q))) and apart["tv"] == pytest.approx(0.8)
    assert 0.5 < apart["likelihood ratio"] <= 0.8
    same = reading(Laws([p], [p], [p]), 0.999, seed=1)
    assert same["jsd"] == same["tv"] == 0.0 and max(same[name] for name in DETECTORS) == 0.0


def test_a_ceiling_that_is_too_low_is_found_out() -> None:
    look = {"step": 4.0, "choice jsd": 0.01, "choice tv": 0.1} | {f"choice {name}": 0.05 for name in DETECTORS}
    assert refuted([look], ["choice", "first-token"]) == []
    assert refuted([look | {"choice likelihood ratio": 0.11}], ["choice"]) == ["step 4, choice, likelihood ratio"]


def test_the_share_is_of_the_accuracy_above_chance() -> None:
    look = {"choice jsd": 0.02, "choice tv": 0.1}
    assert share_of_ceiling(look, "choice") == pytest.approx(0.05 / (float(max_accuracy(0.02)) - 0.5))
    assert share_of_ceiling({"choice jsd": 0.0, "choice tv": 0.0}, "choice") is None
    assert share_of_ceiling({"choice jsd": LN2, "choice tv": 1.0}, "choice") == pytest.approx(1.0)


def test_the_level_counts_every_look_of_every_run() -> None:
    assert looks_of(LoopSettings(steps=25, evaluate_every=10)) == 4
    data = small(channels=RUNGS).model_dump() | {"seeds": 2, "oracles": 4}
    config = RunConfig(**data)
    assert comparisons(config) == 3 * 2 * 3 * 3 * len(DETECTORS)  # methods, seeds, looks, channels
