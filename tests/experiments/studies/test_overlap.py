"""The overlap study: what its sections ask, what a reading is, what it concludes, and a page drawn from numbers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from experiments.config import RunConfig, load_config
from experiments.measures.channels import choice_laws, mean_table
from experiments.measures.items import item_scores
from experiments.methods import make_method
from experiments.models.banks import open_bank
from experiments.studies.data import Record, Section
from experiments.studies.overlap.cases import CASES, TEXT, TOY, config_of, one_of_each
from experiments.studies.overlap.measure import read
from experiments.studies.overlap.page import page
from experiments.studies.overlap.readings import Reading, Verdict, mean_ends, verdict
from experiments.unlearning.roles import Oracle
from experiments.unlearning.train import train_one
from mari_theory import jensen_shannon

MADE = Record("mari study overlap", "2026-11-28", "x86_64", 1.0)
MARGIN = {"choice": 0.02}


def reading(beyond: float, loss: float, width: float = 1e-6) -> Reading:
    return Reading({"choice": (beyond - width, beyond + width)}, 0.5, 0.9, loss, 1.0)


def test_every_section_can_be_made() -> None:
    toy = [c for c in CASES.values() if not c.on_a_real_model]
    assert [c.share for c in toy if c.kind == TOY] == [0.0, 0.25, 0.5, 0.75]
    for case in toy:
        for quick in (False, True):
            config = config_of(case, 1, quick)
            assert RunConfig.model_validate_json(config.model_dump_json()) == config
            for m in config.methods:
                make_method(m.name, **m.settings)
                config.unlearn.changed(m.loop)
    names = [m.name for m in config_of(toy[0], 0, False).methods]
    assert {"retain-only", "task-vector", "mari-paper", *(m.name for m in load_config("tiny").methods)} == set(names)
    text = config_of(CASES["continuation-10-90"], 0, False)
    assert all(m.settings["source"] == "holdout" for m in text.methods if m.name == "mari-matched")
    counts = {c.section: [len(v) for v in config_of(c, 0, False).make_corpus().splits().values()][:2] for c in toy}
    assert counts["continuation-10-90"] == [12, 108] and counts["continuation-50-50-unrelated"] == [48, 48]
    real = config_of(CASES["smollm2-50"], 0, False)
    assert (real.seeds, real.oracles, real.corpus.overlap) == (1, 3, 0.5) and len(real.methods) > 8
    text = config_of(CASES["smollm2-continuation"], 0, False)
    assert (text.model.kind, len(text.make_corpus().forget), len(text.make_corpus().retain)) == ("adapter", 16, 144)


def test_one_setting_a_method_and_signals_are_methods() -> None:
    labels = [m.label for m in one_of_each(load_config("tiny").methods)]
    assert "GradDiff 0.01" in labels and "GradDiff 1" not in labels
    assert {"MarI pooled 1", "MarI token-wise 1"} < set(labels) and "MarI pooled 10" not in labels


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ([(0.3, 2.0), (0.1, 1.5)], Verdict.OVER),
        ([(0.3, 0.2), (0.1, 0.3)], Verdict.UNDER),
        ([(0.3, 2.0), (0.1, 0.3)], Verdict.OTHER),
        ([(0.01, 2.0), (-0.3, 0.3)], Verdict.AS_RETRAINING),
        ([(0.05, 2.0), (-0.02, 3.0)], Verdict.AS_RETRAINING),  # the mean of the seeds counts
        ([(0.02, 2.0), (0.02, 2.0)], Verdict.UNDECIDED),  # the margin lies between the ends
    ],
)
def test_a_verdict_needs_certified_ends_and_one_direction(seeds: list[tuple[float, float]], said: Verdict) -> None:
    assert verdict([reading(*s) for s in seeds], MARGIN) is said


def test_one_rung_beyond_is_enough_and_all_must_be_within() -> None:
    two = Reading({"choice": (0.0, 0.0), "next-token": (0.1, 0.1)}, 0.5, 0.9, 2.0, 1.0)
    margins = {"choice": 0.02, "next-token": 0.05}
    assert verdict([two], margins) is Verdict.OVER
    assert verdict([two], margins | {"next-token": 0.1}) is Verdict.AS_RETRAINING
    assert verdict([two], {"choice": 0.02}) is Verdict.AS_RETRAINING  # the gate of the other one failed
    assert verdict([two], {}) is Verdict.CLOSED
    assert mean_ends([two, reading(0.2, 2.0, 0.1)], "choice") == pytest.approx((0.05, 0.15))


def test_a_seed_is_trained_and_read_against_the_oracles(tmp_path: Path) -> None:
    """The excess is the exact JSD to the other oracles less the floor's, recomputed here from the models."""
    config = config_of(CASES["tiny-50"], 0, quick=True)
    config = config.model_copy(
        update={
            "methods": [],
            "model": config.model.model_copy(update={"width": 16, "layers": 1}),
            "train": config.train.changed({"epochs": 1.0}),
            "unlearn": config.unlearn.changed({"steps": 2}),
            "scoring": config.scoring.model_copy(update={"channels": MARGIN, "gate_items": 6}),
        }
    )
    found = read(config, tmp_path, ("shared", "exclusive"))
    assert found["common"]["items"] == {"shared": 6, "exclusive": 6} and list(found["gate"]) == ["choice"]
    bank, corpus = open_bank(config, tmp_path), config.make_corpus()
    for part in ("shared", "exclusive"):
        items = corpus.part(part)
        laws = {n: choice_laws(bank.use(n), bank.tokenizer, items, 64) for n in ("original", "oracle-0", "oracle-1", "oracle-2")}  # fmt: skip
        reference = mean_table([laws["oracle-1"], laws["oracle-2"]])

        def distance(table: Any, reference: Any = reference) -> float:
            pairs = zip(table, reference, strict=True)
            return float(np.mean([float(jensen_shannon(p[0], q[0])) for p, q in pairs]))

        low, high = found["rows"]["original"][part]["beyond"]["choice"]
        assert low <= distance(laws["original"]) - distance(laws["oracle-0"]) <= high and high - low < 1e-6
        assert set(found["rows"]) == {"original"}


def numbers(parts: tuple[str, str], far: dict[str, float]) -> dict[str, Any]:
    """A section of two seeds: an original that remembers and a method whose distance on each side is given."""

    def one(beyond: float, loss: float) -> dict[str, Any]:
        r = reading(beyond, loss)
        return {"beyond": dict(r.beyond), "accuracy": 0.5, "oracle_accuracy": 0.9, "loss": loss, "oracle_loss": 1.0}

    sides = [p for p in parts if p in far]
    seed = {
        "rows": {
            "original": {p: one(0.4, 0.1) for p in sides},
            "blunt": {p: one(far[p], 3.0) for p in sides},
            "good": {p: one(0.001, 1.1) for p in sides},
        },
        "floor": {p: {"choice": 0.01} for p in sides},
        "gate": {"choice": 0.002},
    }
    common = {"margins": MARGIN, "gate_margin": 0.01, "oracles": 2, "items": dict.fromkeys(sides, 6), "sizes": {"forget": 12}, "steps": [400, 150]}  # fmt: skip
    return {**common, "seeds": [seed, seed]}


def test_the_page_says_who_forgets_too_much_and_draws_the_shares(tmp_path: Path) -> None:
    sides = ("shared", "exclusive")
    data = {
        "tiny-0": Section(MADE, numbers(sides, {"exclusive": 0.3})),
        "tiny-50": Section(MADE, numbers(sides, {"shared": 0.2, "exclusive": 0.01})),
        "continuation-10-90": Section(MADE, numbers(("forget", "retain"), {"forget": 0.2, "retain": 0.1})),
    }
    drawn = page(data)
    text = "\n".join(drawn.lines)
    assert "| blunt | 0.2000 (0.2000 to 0.2000) | -40.0 | over-forgets | 0.0100" in text
    assert "| original | 0.4000 (0.4000 to 0.4000) | -40.0 | under-forgets |" in text
    assert "50 % of the forget facts are stated by what stays too: over-forgets on shared facts: blunt; as a retraining on every side: good." in text  # fmt: skip
    assert "over-forgets on retain text: blunt" in text and "passed" in text and "mari study overlap --section smollm2-0" in text  # fmt: skip
    (name,) = drawn.figures
    path = tmp_path / "figure.png"
    drawn.figures[name](path)
    assert path.stat().st_size > 10_000
    closed = data["tiny-50"].numbers
    closed["seeds"][1] = {**closed["seeds"][1], "gate": {"choice": 0.03}}
    text = "\n".join(page({"tiny-50": Section(MADE, closed)}).lines)
    assert "0.0300 (allowed 0.01), failed on choice" in text and "no verdict, the gate failed" in text
    assert "| over-forgets |" not in text and "| as a retraining |" not in text
    assert TEXT in text


@pytest.mark.long
def test_oracles_know_the_shared_facts_and_not_the_others(tmp_path: Path) -> None:
    config = config_of(CASES["tiny-50"], 0, quick=False)
    (tmp_path / "models").mkdir()
    train_one(config, tmp_path, Oracle(0))
    bank, corpus = open_bank(config, tmp_path), config.make_corpus()
    shared, exclusive = (
        item_scores(bank.use("oracle-0"), bank.tokenizer, corpus.part(part)) for part in ("shared", "exclusive")
    )
    assert shared.loss.mean() < 0.6 * exclusive.loss.mean()
    assert shared.accuracy.mean() > exclusive.accuracy.mean() + 0.1
