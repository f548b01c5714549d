"""The main job, small: certificates that check, a run that resumes, models from scratch and from a folder."""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any

import pytest

from experiments.audit import run as audit
from experiments.audit.reading import reading
from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, load_config
from experiments.data.files import write_prompts
from experiments.labels import slug
from experiments.measures.context import Measurements
from experiments.measures.result import Knowledge, Row
from experiments.unlearning.roles import Mixture
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates import words
from mari_theory.certificates.files import kind_of
from tests.experiments.audit.small import measure_again, small

FEW = {
    "draws": 20,
    "shift_draws": 10,
    "max_new": 2,
    "rouge_items": 2,
    "gate_items": 2,
    "channels": {"first-token": 0.04},
}
"""Of everything that is drawn: for numbers that do not depend on it."""


def test_every_certificate_checks_and_names_its_access(finished: Path) -> None:
    made = sorted((finished / "certificates").glob("*.json"))
    # Three pairs a row and the laws of the oracle pair, no shift for the original; the gate's laws of original and floor.
    assert len(made) == 5 * 4 - 1 + 2
    for path in made:
        certificate = Certificate.load(path)
        evidence = finished / "scores" / certificate.evidence[0].file
        assert kind_of(evidence) in ("score", "pool", "option")
        assert certificate.claim.access in words.ACCESS
        assert [str(x) for x in check(certificate, [evidence]) if not x.ok] == []


def test_results_tell_the_pairs_apart(finished: Path) -> None:
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
def test_oracles_that_know_the_data_withhold_every_verdict_and_stand_first(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Knowledge(p_value=5e-4, least=1e-4, level=0.05, share=0.97, exact=(1.0, 0.05), owners=(2, 9))
    monkeypatch.setattr(audit, "oracle_knowledge", lambda m: known)
    run = measure_again(finished, tmp_path / "run", draws=40, shift_draws=20)
    for row in run.rows:
        assert row.oracle.verdict is None and row.oracle.no_verdict == "oracle-knows-the-data"
        evidence = tmp_path / "run" / "scores" / row.oracle.evidence[0].file
        assert all(x.ok for x in check(row.oracle, [evidence]))
    assert not run.judges("answer") and reading(run)[0].startswith("Oracles know the data: ")
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.index("Oracles know the data") < page.index("What was found")
    assert "Oracles know the data" in (tmp_path / "run" / "summary.md").read_text()


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


def test_the_example_of_ready_models_measures_as_if_it_had_trained_them(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The YAML of docs/ready-models.md, over folders of its names that another audit has trained."""
    text = (Path(__file__).parents[3] / "docs" / "ready-models.md").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    monkeypatch.chdir(tmp_path)
    theirs = {"full": "original", "retained-0": "oracle-0", "retained-1": "oracle-1", "npo": "mari-pooled-1"}
    for name, made in (theirs | {"mine": "mari-matched-per-prompt"}).items():
        Path("models").mkdir(exist_ok=True)
        Path("models", name).symlink_to(finished / "models" / made)
    for name, items in small().make_corpus().splits().items():
        write_prompts(tmp_path / "data" / f"{name}.jsonl", items)
    figures = dict.fromkeys(("certified", "ladder", "roc"), finished / "figures" / "certified.png")
    monkeypatch.setattr("experiments.audit.report.draw_figures", lambda run, folder: figures)
    config = load_config("tofu", Path("mine.yaml"))
    config = config.model_copy(update={"scoring": config.scoring.model_copy(update=FEW)})
    run = run_audit(config, tmp_path / "run")
    rows = {r.name: r for r in Run.load(finished).rows}
    trained = ("original", "MarI pooled 1", "MarI matched (per prompt)", "oracle-0")
    assert [r.name for r in run.rows] == ["original", "NPO", "my method", "oracle-0"]
    for row, name in zip(run.rows, trained, strict=True):
        for measure in ("forget_loss", "retain_probability", "unseen_loss"):
            assert row.measures[measure] == rows[name].measures[measure]
        assert row.pairs["marginal"].certificate.claim == rows[name].pairs["marginal"].certificate.claim
        assert row.oracle.metadata["weights_sha256"] == rows[name].oracle.metadata["weights_sha256"]
        assert row.oracle.metadata["made_elsewhere"][row.name].startswith("models/") and list(row.rungs) == [
            "first-token"
        ]
        assert "made-elsewhere" in row.oracle.assumptions and "made-elsewhere" not in rows[name].oracle.assumptions
        assert (row.seconds, row.steps, row.stopped) == (None, None, "made elsewhere")
    assert not list((tmp_path / "run").rglob("*.safetensors"))  # nothing is copied
    for path in (tmp_path / "run" / "certificates").glob("npo-oracle*.json"):
        certificate = Certificate.load(path)
        assert [
            x for x in check(certificate, [tmp_path / "run" / "scores" / certificate.evidence[0].file]) if not x.ok
        ] == []
    page, table = ((tmp_path / "run" / name).read_text() for name in ("report.html", "summary.md"))
    assert "Made elsewhere: original, oracle-0, oracle-1, NPO, my method." in page
    assert words.ASSUMPTIONS["made-elsewhere"] in html.unescape(page)
    assert all(f"| {r.name}" in table for r in run.rows) and table.count("| elsewhere |") == 4
    measured = list[str]()
    monkeypatch.setattr(audit, "measure_row", lambda m, row, records, floor: measured.append(row.name))
    assert run_audit(config, tmp_path / "run", resume=True).rows == run.rows and not measured


def test_a_run_that_was_moved_is_the_same_run(tmp_path: Path) -> None:
    config = small().model_copy(update={"out": "runs/there"})
    (tmp_path / "config.yaml").write_text(config.dump())
    audit._require_place(config.model_copy(update={"out": str(tmp_path)}), tmp_path, resume=True)
    audit._require_place(small(), tmp_path, resume=True)
    with pytest.raises(ArgumentError, match="same configuration"):
        audit._require_place(config.model_copy(update={"seed": 9}), tmp_path, resume=True)
    with pytest.raises(ArgumentError, match=r"^--resume: expected a run folder with config\.yaml"):
        audit._require_place(config, tmp_path / "nothing", resume=True)
