"""What the study of attribution concludes from its numbers, how owners are left out, and what is read of a finished audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mari_theory.rounding import span

pytest.importorskip("torch")

from experiments.audit.results import Run
from experiments.cli.main import main
from experiments.data.generated import generate
from experiments.studies.attribution import agreement as module
from experiments.studies.attribution import owners
from experiments.studies.attribution.agreement import Part, agreement
from experiments.studies.attribution.measure import OTHERS, audited, questions
from experiments.studies.attribution.owners import Size, agreements, of_seed
from experiments.studies.attribution.page import owners_part, page, table, verdict
from experiments.studies.data import Record, Section
from experiments.unlearning.loop import Task
from mari_theory import ArgumentError

MADE = Record("mari study attribution", "2026-11-28", "x86_64", 1.0)


def row(frozen: float, information: float, lower: float) -> list[dict[str, float]]:
    return [
        {
            "frozen": frozen,
            "accuracy": 0.1,
            "chance": 0.03,
            "information": information,
            "information_lower": lower,
            "exact": 0.1,
        }
    ] * 2


FOUND = {
    "original": row(0.8, 1.8, 1.7),
    "oracles": row(0.1, 0.01, 0.0),
    "honest": row(0.1, 0.01, 0.0),
    "fooled": row(0.05, 0.5, 0.4),
    "loud": row(0.5, 1.0, 0.9),
}


def test_a_low_frozen_score_with_information_left_is_named() -> None:
    text = verdict(FOUND)
    assert "No information certified: honest." in text
    assert "yet information certified in the answers: fooled." in text
    assert "0.100, information 0.010" in text


def test_the_table_orders_by_information() -> None:
    names = [line.split(" | ")[0] for line in table(FOUND)[2:]]
    assert names == ["| oracles", "| honest", "| fooled", "| loud", "| original"]


@pytest.mark.parametrize("part", list(Part))
def test_agreement_does_not_depend_on_names_or_scales(part: Part, rng: np.random.Generator) -> None:
    tables = [rng.random((8, 8)) for _ in range(3)]
    others = [t + 0.3 * rng.random((8, 8)) for t in tables]
    order = rng.permutation(8)
    found = agreement(tables, others, part)
    renamed = agreement(
        [t[np.ix_(order, order)] for t in tables], [np.exp(t[np.ix_(order, order)]) for t in others], part
    )
    assert renamed.seeds == pytest.approx(found.seeds) and found.lower < found.mean < found.upper
    opposite = agreement(tables, [-t for t in others], part)
    assert opposite.seeds == pytest.approx([-x for x in found.seeds]) and opposite.p == pytest.approx(found.p, abs=0.02)
    assert found.p < 0.05 and min(found.seeds) > 0.5
    assert agreement(tables, [np.ones((8, 8))] * 3, part).seeds == (0.0, 0.0, 0.0)
    with pytest.raises(ArgumentError, match="at least 2"):
        agreement(tables[:1], others[:1], part)


def test_own_answers_alone_make_no_significance(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Both tables large on the diagonal and otherwise unrelated, rows alike: a correlation over pairs that says nothing of owners.

    A test of level 0.1 rejects more than 14 times of 60 with probability 1e-3.
    """
    monkeypatch.setattr(module, "RELABELLINGS", 99)

    def made() -> list[np.ndarray[Any, Any]]:
        return [np.eye(8) + rng.random((8, 1)) + 0.1 * rng.random((8, 8)) for _ in range(2)]

    found = [agreement(made(), made(), Part.PAIRS, seed=k) for k in range(60)]
    assert np.mean([f.mean for f in found]) > 0.2 and sum(f.p <= 0.1 for f in found) <= 14


def test_the_interval_covers_the_mean_over_corpora(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Twelve owners, four seeds, correlation 0.6: more than 20 misses of 200 have probability 1e-3."""
    monkeypatch.setattr(module, "RELABELLINGS", 1)

    def one() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 12).T
        return np.diag(x), np.diag(y)

    found = []
    for _ in range(200):
        pairs = [one() for _ in range(4)]
        found.append(agreement([p[0] for p in pairs], [p[1] for p in pairs], Part.OWNERS))
    truth = np.tanh(np.mean([np.arctanh(np.clip(f.seeds, -module.MOST, module.MOST)).mean() for f in found]))
    assert sum(not f.lower <= truth <= f.upper for f in found) <= 20
    assert np.median([f.upper - f.lower for f in found]) < 1.2


@pytest.mark.usefixtures("few_features")
def test_every_owner_is_left_out_once_and_models_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[set[str]] = []

    def untrained(task: Task, settings: object, watch: object) -> None:
        learnt.append({i.owner for i in task.repeated})

    monkeypatch.setattr(owners, "run_loop", untrained)
    size = Size(3, 1, 8, 20, 0.5)
    found = of_seed(tmp_path, size, 1)
    everybody = learnt[0]
    left_out = [everybody - x for x in learnt[1:]]
    assert len(everybody) == len(left_out) == 3 and all(len(x) == 1 for x in left_out)
    assert set().union(*left_out) == everybody
    tables = {k: np.array(found[k]) for k in ("loss", "jsd", *owners.READERS)}
    assert all(t.shape == (3, 3) for t in tables.values())
    # The same first weights and no training: nothing is lost with anybody, to the rounding of the enclosure.
    assert np.all(tables["loss"] == 0.0) and np.all(tables["jsd"] <= 0.5 * np.log(2))
    assert tables["answer"].sum(axis=0) == pytest.approx(1.0, abs=1e-5)
    assert np.all(tables["question-and-answer"].sum(axis=0) < 1.0)
    assert of_seed(tmp_path, size, 1) == found and len(learnt) == 4


@pytest.mark.long
@pytest.mark.usefixtures("few_features")
def test_who_is_left_out_is_missed(tmp_path: Path) -> None:
    found = of_seed(tmp_path, Size(4, 250, 32, 20, 0.01), 0)
    for name in ("loss", "jsd", *owners.READERS):
        values = np.array(found[name])
        own = np.eye(4, dtype=bool)
        assert values[own].mean() > values[~own].mean(), name


def owner_numbers(sign: float) -> dict[str, Any]:
    """Three seeds in which the classifier ranks owners as retraining does, or the other way round."""
    seeds = []
    for k in range(3):
        values = np.random.default_rng(k).random((8, 8)) + 2 * np.eye(8)
        seeds.append(
            {"loss": values.tolist(), "jsd": values.tolist(), "known": 0.9}
            | {r: (sign * values).tolist() for r in owners.READERS}
        )
    return {"size": {"owners": 8}, "skew": 0.5, "seeds": seeds, "agreement": agreements(seeds)}


@pytest.mark.parametrize(
    ("sign", "said"), [(1.0, "Below 0: none. Not told from 0: none."), (-1.0, "Interval above 0: none.")]
)
def test_agreement_of_either_sign_is_said(sign: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RELABELLINGS", 99)
    text = "\n".join(owners_part(owner_numbers(sign)))
    assert (
        said in text
        and f"| answer | growth of loss | {Part.OWNERS.value} | {sign:.2f}, {sign:.2f}, {sign:.2f} |" in text
    )
    assert "is the one asked about for 100 % of authors" in text and "chance is 12 %" in text


def test_a_single_forget_owner_is_asked_about_beside_those_who_stay() -> None:
    corpus = generate(1, 4, 2)
    items = questions(corpus)
    assert [i.owner for i in items] == [corpus.forget[0].owner] * 6 + [OTHERS] * 6
    assert {i.prompt for i in items[6:]} < {i.prompt for i in corpus.retain}
    assert len({o for i in items[6:] for r in corpus.retain if r.prompt == i.prompt for o in [r.owner]}) == 4
    several = generate(2, 4, 2)
    assert questions(several) == list(several.forget)


@pytest.mark.usefixtures("few_features")
def test_a_finished_audit_gives_the_same_table(finished: Path) -> None:
    found, run = audited(finished, 80), Run.load(finished)
    assert set(found["rows"]) == {"original", "oracles", *(r.name for r in run.methods)}
    claim = run.the("original").oracle.claim
    (row,) = found["rows"]["original"]
    assert (row["lower"], row["upper"]) == (claim.lower, claim.upper) and 0 < row["frozen"] < 1
    assert found["owners"] == 2 and not found["beside"] and found["questions"] == 12
    text = "\n".join(page({"smollm2": Section(MADE, found)}).lines)
    assert "JSD to oracle, certified" in text and f"| {span(claim.lower, claim.upper)} |" in text
    assert "80 sampled answers a row" in text and text.count("Not measured yet") == 2


def test_without_the_audit_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["study", "attribution", "--out", str(tmp_path / "out"), "--set", f"smollm2={tmp_path / 'none'}"]
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "smollm2" in err and "finished `mari audit --preset smollm2`" in err
    assert not (tmp_path / "out").exists()
