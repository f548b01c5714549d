"""What is said of a run: the sentence of each finding appears where it is found, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.audit.reading import alarms, reading
from experiments.audit.results import Run
from experiments.measures.result import Excess, Knowledge, Row
from mari_theory.rounding import span

NAMES = ["retain-only (control)", "MarI pooled 1", "MarI matched (per prompt)"]


@pytest.fixture
def run(finished: Path) -> Run:
    """Every number that a sentence depends on is set; the rest is the finished audit's."""
    run = Run.load(finished)
    quiet = {"forget_exact": 0.4, "retain_probability": 0.8}
    rows = tuple(with_verdict(row, "inconclusive", **quiet).model_copy(update={"excess": {}}) for row in run.rows)
    alike = {name: x.model_copy(update={"upper": 0.001}) for name, x in run.gate.readings.items()}
    return with_floor(
        run.model_copy(update={"rows": rows, "gate": run.gate.model_copy(update={"readings": alike})}), None
    )


def with_floor(run: Run, worst: float | None) -> Run:
    """The oracles' row with this worst owner."""
    row = run.the("oracle")
    pair, certificate = row.pairs["oracle"], row.oracle
    owners = None if worst is None or certificate.owners is None else certificate.owners
    changed = owners and owners.model_copy(update={"worst_upper": worst})
    made = pair.model_copy(update={"certificate": certificate.model_copy(update={"owners": changed})})
    return run.model_copy(
        update={"rows": (*run.rows[:-1], row.model_copy(update={"pairs": row.pairs | {"oracle": made}}))}
    )


def with_verdict(row: Row, verdict: str, **measures: float) -> Row:
    pair = row.pairs["oracle"]
    made = pair.model_copy(update={"certificate": pair.certificate.model_copy(update={"verdict": verdict})})
    return row.model_copy(update={"pairs": row.pairs | {"oracle": made}, "measures": row.measures | measures})


def changed(run: Run, **verdicts_or_measures: Any) -> Run:
    """Row name -> its verdict, or its changed measures."""
    rows = []
    for row in run.rows:
        change = verdicts_or_measures.get(row.name, {})
        change = {"verdict": change} if isinstance(change, str) else {"verdict": row.oracle.verdict} | change
        rows.append(with_verdict(row, **change))
    return run.model_copy(update={"rows": tuple(rows)})


def about(run: Run, words: str) -> list[str]:
    return [sentence for sentence in reading(run) if words in sentence]


def test_the_noise_floor_comes_first_and_nothing_is_said_without_a_finding(run: Run) -> None:
    claim = run.the("oracle").oracle.claim
    first, *rest = reading(run)
    assert f"{span(claim.lower, claim.upper)} nats" in first and first.endswith(
        "noise floor of every number to the oracle."
    )
    assert len(rest) == 2 and rest[0].startswith("Closest to the oracle: ")
    assert "what stays in" in rest[1] and "NPO-RT" in rest[1]
    assert all(s.endswith(".") and "\n" not in s for s in (first, *rest))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("equivalent within margin", "Certified within 0.02 nats of the oracle average, the worst owner too: "),
        ("equivalent on average", "Within 0.02 nats on average, but not certified for the worst owner: "),
        ("detectable", "Certified to be further than 0.02 nats from it"),
    ],
)
def test_every_verdict_names_its_methods_and_no_oracle(run: Run, verdict: str, words: str) -> None:
    assert run.config.margin == 0.02 and not about(run, words)
    found = changed(run, **{NAMES[0]: verdict, NAMES[2]: verdict, "original": verdict, "oracle-0": verdict})
    (sentence,) = about(found, words)
    assert sentence.endswith(f": {NAMES[0]}, {NAMES[2]}.")


@pytest.mark.parametrize(("worst", "words"), [(0.02, "a retraining passes"), (0.0201, "a retraining would not pass")])
def test_the_margin_is_read_beside_an_oracles_own_worst_owner(finished: Path, worst: float, words: str) -> None:
    run = Run.load(finished)
    assert not about(with_floor(run, None), "worst owner lies")
    (sentence,) = about(with_floor(run, worst), "worst owner lies")
    assert f"{worst:.4f} nats from the others; {words}." in sentence


def test_blindness_needs_memorised_answers_and_a_reading_at_its_floor(run: Run) -> None:
    def at(exact: float, value: float, floor: float) -> Run:
        row = run.the("original")
        numbers = row.pairs["marginal"].numbers | {"value": value, "floor": floor}
        pair = row.pairs["marginal"].model_copy(update={"numbers": numbers})
        row = row.model_copy(
            update={"pairs": row.pairs | {"marginal": pair}, "measures": row.measures | {"forget_exact": exact}}
        )
        return run.model_copy(update={"rows": (row, *run.rows[1:])})

    (sentence,) = about(at(0.98, 0.0015, 0.001), "does not see memorisation")
    assert "98 % of the forget questions exactly, yet reads 0.0015 nats" in sentence and "floor of 0.0010" in sentence
    assert not about(at(0.98, 0.00151, 0.001), "does not see memorisation")
    assert not about(at(0.5, 0.001, 0.001), "does not see memorisation")


def test_damage_is_a_tenth_of_what_the_original_kept(run: Run) -> None:
    assert not about(changed(run, **{NAMES[1]: {"retain_probability": 0.7201}}), "Damaged")
    (sentence,) = about(changed(run, **{NAMES[1]: {"retain_probability": 0.7199}}), "Damaged")
    assert sentence.endswith(f": {NAMES[1]}.")


def test_certain_damage_is_named_apart_and_stands_beside_an_equivalent_model(run: Run) -> None:
    wrecked = changed(run, **{NAMES[1]: "equivalent within margin"})
    lost = wrecked.rows[2].utility["retain"].model_copy(update={"upper": -0.06})
    rows = tuple(r.model_copy(update={"utility": {"retain": lost}}) if r.name == NAMES[1] else r for r in wrecked.rows)
    wrecked = wrecked.model_copy(update={"rows": rows})
    assert about(wrecked, "certainly lost by more than 5 points")[0].endswith(f": {NAMES[1]}.")
    assert about(wrecked, "Certified within")[0].endswith(f": {NAMES[1]} (damaged).")


def test_the_closest_method_is_named_with_its_attack_and_none_where_there_is_no_method(run: Run) -> None:
    closest = min(run.methods, key=lambda r: r.oracle.claim.upper)
    worst = max(r.best_attack for r in run.methods)
    (sentence,) = about(run, "Closest to the oracle")
    assert f": {closest.name}; its best membership attack has AUC {closest.best_attack:.2f}" in sentence
    assert sentence.endswith(f"worst method {worst:.2f}).")
    alone = run.model_copy(update={"rows": tuple(r for r in run.rows if r.kind != "method")})
    assert len(reading(alone)) == 1


def test_a_failed_gate_comes_first(run: Run) -> None:
    beyond = {name: x.model_copy(update={"upper": 0.2}) for name, x in run.gate.readings.items()}
    failed = run.model_copy(update={"gate": run.gate.model_copy(update={"readings": beyond})})
    first = reading(failed)[0]
    assert first.startswith("The gate failed (answer)") and "0.2000 nats" in first and "at most 0.01 allowed" in first


def with_excess(row: Row, upper: float) -> Row:
    made = {"answer": Excess(lower=0.0, upper=upper, margin=0.02, method="exact")}
    return row.model_copy(update={"excess": made})


def test_what_is_as_near_as_a_retraining_is_named_rung_by_rung(run: Run) -> None:
    def with_utility(row: Row, lower: float) -> Row:
        made = row.utility["retain"].model_copy(update={"lower": lower})
        return row.model_copy(update={"utility": {"retain": made}})

    rows = [with_excess(row, 0.01 if row.name in NAMES[1:] else 0.3) for row in run.rows]
    rows = [with_utility(row, -0.3 if row.name == NAMES[2] else 0.0) for row in rows]
    kept, damaged = about(run.model_copy(update={"rows": tuple(rows)}), "no more detectable than a retraining")
    assert kept.startswith("On answer,") and kept.endswith(f"not worse than the oracles': {NAMES[1]} (at most 0.01).")
    assert damaged.endswith(f"but without proof that what stays is as good: {NAMES[2]} (at most 0.01).")


def test_a_rung_on_which_the_original_passes_shows_no_forgetting(run: Run) -> None:
    rows = tuple(with_excess(row, 0.01) for row in run.rows)
    (sentence,) = about(run.model_copy(update={"rows": rows}), "no more detectable than a retraining")
    assert sentence.startswith("On answer, the model before unlearning is itself no more detectable")
    assert "(at most 0.01): with this margin the rung shows no forgetting here." in sentence


def test_models_made_elsewhere_are_named_and_taken_on_trust(run: Run) -> None:
    assert not about(run, "Made elsewhere")
    given = run.config.model_copy(update={"oracles": ("a", "b")})
    (sentence,) = about(run.model_copy(update={"config": given}), "Made elsewhere")
    assert sentence.startswith("Made elsewhere: oracle-0, oracle-1. ") and "maker's word" in sentence


def test_a_reward_that_still_rises_is_told(run: Run) -> None:
    def paid(name: str, rewards: list[float]) -> Run:
        looks = tuple({"step": float(k), "batch_reward": x} for k, x in enumerate(rewards))
        return run.model_copy(update={"trajectories": run.trajectories | {name: ({"step": 0.0}, *looks)}})

    flat = [-0.9, -0.4, -0.2, -0.1, -0.1, -0.1, -0.1, -0.1]
    assert not about(run, "Reward") and not about(paid(NAMES[1], flat), "Reward")
    for rising in (flat[:6], [-0.1 * k for k in range(8, 0, -1)]):
        (sentence,) = about(paid(NAMES[1], rising), "Reward had not levelled off")
        assert sentence.endswith(f": {NAMES[1]}.")


def test_what_was_looked_at_in_the_oracles_is_said(run: Run) -> None:
    clean = Knowledge(p_value=0.4, least=0.01, level=0.05, share=0.02, exact=(0.1, 0.08), owners=(3, 9))
    assert reading(run) == reading(run.model_copy(update={"knowledge": None})) and not about(run, "know the data")
    for found, words in (
        (clean, "No sign was found that the retrained models know the data"),
        (
            clean.model_copy(update={"least": 0.1}),
            "could not be tested: 3 owners to forget and 9 never seen allow p = 0.1",
        ),
        (clean.model_copy(update={"exact": (0.9, 0.97)}), "answer 97 % of the never-seen questions exactly"),
        (clean.model_copy(update={"p_value": 0.01, "share": 0.9}), "Oracles know the data: retrained models know"),
    ):
        changed = run.model_copy(update={"knowledge": found})
        assert len(about(changed, words)) == 1 and (alarms(changed) == about(changed, words)) is found.flagged
        assert changed.judges("answer") is not found.flagged
