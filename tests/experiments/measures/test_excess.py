"""Beyond the floor: differences of certificates and of paired draws, and the gate that comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, select_methods
from experiments.labels import slug
from experiments.measures.context import Measurements
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.excess import exact_excess, paired_excess, whole_outputs
from experiments.measures.result import Excess, Gate
from experiments.models.banks import open_bank
from experiments.unlearning.roles import mixtures_of
from mari_theory import Certificate, check
from mari_theory.certificates.files import read_scores
from tests.conftest import made_once
from tests.experiments.audit.small import small

MARGIN = 0.02


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """Two seeds a row, two oracles against two others, one method."""
    data = small(robustness=False, rouge_items=0, draws=400, channels={"first-token": MARGIN}).model_dump()
    config = select_methods(RunConfig(**(data | {"seeds": 2, "oracles": 4, "gate": 0.3})), ["MarI pooled 1"])
    out = made_once(tmp_path_factory, "seeds", lambda out: run_audit(config, out))
    return Run.load(out), out


def test_a_row_is_a_mixture_and_its_certificate_says_so(seeds: tuple[Run, Path]) -> None:
    run, out = seeds
    assert [r.name for r in run.rows] == ["original", "MarI pooled 1", "oracle"]
    assert run.rows[1].models == ("MarI pooled 1, seed 0", "MarI pooled 1, seed 1")
    for row in run.rows:
        assert len(row.by_model) == 2 and row.measures["forget_loss"] == pytest.approx(
            sum(m["forget_loss"] or 0.0 for m in row.by_model) / 2
        )
        assert "mixture-of-seeds" in row.oracle.assumptions
    for path in (out / "certificates").glob("*.json"):
        certificate = Certificate.load(path)
        assert all(x.ok for x in check(certificate, [out / "scores" / certificate.evidence[0].file]))


def test_the_excess_is_the_difference_of_the_enumerated_divergences(seeds: tuple[Run, Path]) -> None:
    run, out = seeds
    m = Measurements(run.config, out, run.config.audit_corpus(), open_bank(run.config, out))
    rows = mixtures_of(run.config)

    def truth(k: int) -> float:
        p, q = ([slug(name) for name in arm] for arm in (m.reference, rows[k].members))
        low, high = enumerate_divergence(m.bank, p, q, m.prompts["forget"])
        return (low + high) / 2

    difference = truth(1) - truth(2)
    exact = run.rows[1].excess["answer"]
    assert exact.method == "exact" and exact.lower <= difference <= exact.upper
    paired = paired_excess(m, rows[1], rows[2], whole_outputs(m, "forget", 400), MARGIN)
    # At 95 %; a miss at this seed would be a miss for ever.
    assert paired.method == "paired" and paired.lower <= difference <= paired.upper
    assert paired.upper - paired.lower < 0.5


def test_ends_are_rounded_outwards(seeds: tuple[Run, Path]) -> None:
    run, _ = seeds
    own, floor = (row.rungs["first-token"].certificate for row in run.rows[1:])
    excess = exact_excess(own, floor, MARGIN)
    assert excess.lower < own.claim.lower - floor.claim.upper and excess.upper > own.claim.upper - floor.claim.lower
    assert run.rows[1].excess["first-token"] == excess


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [(-0.1, MARGIN, "as a retraining"), (0.0, 0.021, "undecided"), (0.021, 0.3, "more detectable")],
)
def test_a_verdict_needs_the_end_on_its_side(lower: float, upper: float, verdict: str) -> None:
    assert Excess(lower=lower, upper=upper, margin=MARGIN, method="exact").verdict == verdict


def test_a_gate_is_open_where_its_upper_end_is_within_the_margin() -> None:
    def reading(upper: float) -> Excess:
        return Excess(lower=0.0, upper=upper, margin=0.01, method="exact")

    gate = Gate(margin=0.01, readings={"choice": reading(0.01), "first-token": reading(0.0101)})
    assert gate.passed("choice") and not gate.passed("first-token") and gate.failures == ["first-token"]
    assert not gate.passed("answer")  # no reading of its own: all count


@pytest.mark.usefixtures("drawn")
def test_a_run_without_rungs_or_enumeration_has_a_gate_of_paired_draws(finished: Path, tmp_path: Path) -> None:
    from tests.experiments.audit.small import measure_again

    run = measure_again(finished, tmp_path / "run", enumerate_exactly=False, draws=60, shift_draws=50)
    (reading,) = run.gate.readings.values()
    assert reading.method == "paired" and run.the("original").excess["answer"].method == "paired"
    assert run.gate.failures == ["answer"]  # 50 draws cannot show a hundredth
    withheld = run.the("original").oracle
    assert withheld.verdict is None and withheld.no_verdict == "gate-failed"
    evidence = tmp_path / "run" / "scores" / withheld.evidence[0].file
    assert all(x.ok for x in check(withheld, [evidence]))
    assert "at most 0.01 allowed" in read_scores(evidence).metadata["gate_failed"]
    assert "The gate failed" in (tmp_path / "run" / "report.html").read_text()
