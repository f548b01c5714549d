"""The main job, small: certificates that check, a run that resumes, models from scratch and from a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from experiments.audit import run as audit
from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, slug
from experiments.measures.context import Measurements
from experiments.measures.result import Row
from experiments.unlearning.roles import Mixture
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates import words
from mari_theory.certificates.files import kind_of
from tests.experiments.audit.small import small


def test_every_certificate_checks_and_names_its_access(finished: Path) -> None:
    made = sorted((finished / "certificates").glob("*.json"))
    # Four pairs a row and the laws of the oracle pair, no shift for the original; the gate's laws of original and floor.
    assert len(made) == 5 * 5 - 1 + 2
    for path in made:
        certificate = Certificate.load(path)
        evidence = finished / "scores" / certificate.evidence[0].file
        assert kind_of(evidence) in ("score", "pool", "option")
        assert certificate.claim.access in words.ACCESS
        assert [str(x) for x in check(certificate, [evidence]) if not x.ok] == []


def test_results_tell_the_four_pairs_apart(finished: Path) -> None:
    run = Run.load(finished)
    names = [r.name for r in run.rows]
    assert names == ["original", "retain-only (control)", "MarI pooled 1", "MarI matched (per prompt)", "oracle-0"]
    for row in run.rows:
        assert {"marginal", "oracle"} <= set(row.pairs)
        floor = row.pairs["marginal"].numbers["floor"]
        assert floor is not None and floor >= 0
    assert run.coverage and all(not c.missed_wide for c in run.coverage)
    assert len(run.oracle_pairs) == 1 and set(run.gate.readings) == {"answer"}
    for row in run.rows:
        exact, sampled = row.oracle, row.pairs["oracle"].sampled
        assert sampled is not None and exact.owners is not None
        assert exact.claim.method == "exact-laws" and sampled.claim.method == "order-free"
        truth = next(c for c in run.coverage if c.file == f"{slug(row.name)}-oracle.parquet")
        # A barely trained model leaves much in the rest of each law, which only widens the exact ends.
        assert exact.claim.lower <= truth.high and truth.low <= exact.claim.upper
        assert exact.owners.worst_upper >= exact.claim.upper
    assert "worst owner" in (finished / "summary.md").read_text()
    assert run.trajectories["MarI pooled 1"][0]["step"] == 0


@pytest.mark.usefixtures("drawn")
def test_resuming_a_finished_run_changes_no_model(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    shutil.copytree(finished, out)
    before = {p.name: p.read_bytes() for p in (out / "models").glob("*.json")}
    first = Run.load(out)
    measured: list[str] = []
    real = audit.measure_row

    def noted(m: Measurements, row: Mixture, records: dict[str, Any], floor: Row | None) -> Row:
        measured.append(row.name)
        return real(m, row, records, floor)

    monkeypatch.setattr(audit, "measure_row", noted)
    (out / "rows" / "mari-pooled-1.json").unlink()
    with pytest.raises(ArgumentError, match="resume"):
        run_audit(small(), out)
    run_audit(small(), out, resume=True)
    assert measured == ["MarI pooled 1"]  # measured rows are kept, a missing one is made again, to the same numbers
    again = Run.load(out)
    assert again.effort.resumed and "since it was resumed" in (out / "summary.md").read_text()
    assert again.model_copy(update={"effort": first.effort}) == first
    assert before == {p.name: p.read_bytes() for p in (out / "models").glob("*.json")}
    with pytest.raises(ArgumentError, match="same configuration"):
        run_audit(small(draws=301), out, resume=True)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(("rank", "half"), [(2, True), (0, False)], ids=["LoRA, bfloat16", "all parameters"])
def test_a_local_folder(tmp_path: Path, models: Path, rank: int, half: bool) -> None:
    """The path of a real model, with a tiny one: LoRA or all parameters, float32 audit, no enumeration."""
    config = small(enumerate_exactly=False, draws=60, shift_draws=40, robustness=half, rouge_items=1)
    data = config.model_dump()
    data["model"] = {
        "kind": "adapter",
        "path": str(models / "a"),
        "rank": rank,
        "last_layers": 1,
        "half_precision_training": half,
    }
    data["train"]["steps"], data["unlearn"]["steps"] = 3, 2
    # The tokenizer beside the model decides which words exist, so the corpus is the fixtures'.
    run = run_audit(RunConfig(**data), tmp_path / "run")
    assert len(run.rows) == 5
    assert all(row.oracle.claim.upper > 0 for row in run.rows)
