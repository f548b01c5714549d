"""The main job, small: every file it promises, certificates that check, failure when a certificate is false."""

from __future__ import annotations

import html
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest

from experiments.audit import run as audit
from experiments.audit.results import Run
from experiments.audit.run import run_audit
from experiments.config import RunConfig, select_methods, slug
from experiments.data.generated import ATTRIBUTES
from experiments.measures import context, sampled
from experiments.measures.result import AuditFailure
from experiments.measures.tofu_metrics import forget_quality, model_utility, read_log
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates import words
from mari_theory.certificates.files import kind_of
from tests.experiments.audit.small import small


def measure_again(finished: Path, out: Path, **changes: object) -> Run:
    """An audit of the models that are trained already, of one method."""
    config = select_methods(small(**changes), ["retain-only (control)"])
    (out / "checkpoints").mkdir(parents=True)
    shutil.copytree(finished / "models", out / "models")
    for part in ("scores", "certificates", "prompts"):
        (out / part).mkdir()
    (out / "config.yaml").write_text(config.dump())
    return run_audit(config, out, resume=True)


def test_every_promised_file_is_there(finished: Path) -> None:
    for name in ("config.yaml", "results.json", "report.html", "summary.md"):
        assert (finished / name).is_file()
    assert {p.name for p in (finished / "figures").iterdir()} == {"certified.png", "trajectory.png", "roc.png"}
    page = (finished / "report.html").read_text()
    assert "data:image/png;base64" in page and "http" not in page.replace("http-equiv", "")
    assert not list(finished.rglob(".*"))


def test_every_certificate_checks_and_names_its_access(finished: Path) -> None:
    made = sorted((finished / "certificates").glob("*.json"))
    # Four pairs a row, the laws of the oracle pair, no shift for the original, the floor, and the laws of the other oracle.
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
        assert {"marginal", "oracle", "matched"} <= set(row.pairs)
        assert row.pairs["marginal"].numbers["floor"] >= 0
    assert run.coverage and all(not c.missed_wide for c in run.coverage)
    assert run.floor.exact
    for row in run.rows:
        exact, sampled = row.oracle, row.pairs["oracle"].sampled
        assert exact.claim.method == "exact-laws" and sampled.claim.method == "order-free"
        truth = next(c for c in run.coverage if c.file == f"{slug(row.name)}-oracle.parquet")
        # A barely trained model leaves much in the rest of each law, which only widens the exact ends.
        assert exact.claim.lower <= truth.high and truth.low <= exact.claim.upper
        assert exact.owners.worst_upper >= exact.claim.upper
    assert run.floor.worst_owner > 0 and "worst owner" in (finished / "summary.md").read_text()
    assert run.trajectories["MarI pooled 1"][0]["step"] == 0


def test_resuming_a_finished_run_changes_no_model(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    shutil.copytree(finished, out)
    before = {p.name: p.read_bytes() for p in (out / "models").glob("*.json")}
    first = Run.load(out)
    measured: list[str] = []
    real = audit.measure_row
    monkeypatch.setattr(
        audit, "measure_row", lambda m, role, record: measured.append(role.name) or real(m, role, record)
    )
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


def test_a_false_likelihood_refutes_the_run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that claim the arms nearly the same, while the texts differ: a detector's lower bound must stop the run."""
    real_draw = context.draw

    def marked(bank, arm, prompts, n, max_new, seed):
        draws = real_draw(bank, arm, prompts, n, max_new, seed)
        token = 5 if arm[0].startswith("oracle") else 6
        return type(draws)(draws.prompt_index, [[token] for _ in draws.outputs])

    monkeypatch.setattr(context, "draw", marked)

    def nearly(bank, arm, prompts, draws):
        return -1.0 - 1e-3 * np.random.default_rng(zlib.crc32(arm[0].encode())).random(len(draws.outputs))

    monkeypatch.setattr(context, "log_likelihoods", nearly)
    with pytest.raises(AuditFailure, match="refuted by"):
        measure_again(finished, tmp_path / "run", enumerate_exactly=False)
    refuted = [Certificate.load(p) for p in (tmp_path / "run" / "certificates").glob("*-oracle.json")]
    assert any(c.verdict == "refuted" and c.refuted_by for c in refuted)
    # The refutation stands in the evidence: a certificate that leaves it out is not what the evidence supports.
    false = next(c for c in refuted if c.verdict == "refuted")
    evidence = tmp_path / "run" / "scores" / false.evidence[0].file
    assert all(x.ok for x in check(false, [evidence]))
    clean = false.model_copy(update={"verdict": "inconclusive", "refuted_by": None})
    assert not all(x.ok for x in check(clean, [evidence]))


def test_likelihoods_that_deny_the_texts_stop_the_run(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model scored as both arms: evidence that says nothing is not certified."""
    monkeypatch.setattr(context, "log_likelihoods", lambda bank, arm, prompts, draws: [-1.0] * len(draws.outputs))
    with pytest.raises(AuditFailure, match="one model scored as both arms"):
        measure_again(finished, tmp_path / "run", enumerate_exactly=False)


def test_an_interval_that_misses_the_enumeration_fails_the_audit(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "enumerate_divergence", lambda *a: (0.6, 0.61))
    with pytest.raises(AuditFailure, match="misses the enumerated"):
        measure_again(finished, tmp_path / "run")


@pytest.mark.parametrize(("rank", "half"), [(2, True), (0, False)], ids=["LoRA, bfloat16", "all parameters"])
def test_a_local_folder(tmp_path: Path, models: Path, rank: int, half: bool) -> None:
    """The path of a real model, with a tiny one: LoRA or all parameters, float32 audit, no enumeration."""
    config = small(enumerate_exactly=False, draws=60, shift_draws=40)
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


def write_tofu(folder: Path) -> None:
    """TOFU's files in small, in words the fixtures know: six authors, the last forgotten."""
    folder.mkdir()
    values = [v for values in ATTRIBUTES.values() for v in values]

    def row(n: int) -> dict[str, object]:
        wrong = [values[(n + k) % len(values)] for k in range(2, 5)]
        asked = {"question": f"day job : {values[n // 20]} {values[n % 20]} ?", "answer": values[n % len(values)]}
        return asked | {"perturbed_answer": wrong, "paraphrased_answer": values[(n + 1) % len(values)]}

    rows = [row(n) for n in range(120)]
    general = [{k: v for k, v in row(n).items() if k != "paraphrased_answer"} for n in range(200, 203)]
    parts = {"full": rows, "forget01": rows[100:], "forget01_perturbed": rows[100:], "retain_perturbed": rows[:40]}
    parts |= {"real_authors_perturbed": general, "world_facts_perturbed": general}
    for name, part in parts.items():
        (folder / f"{name}.json").write_text("\n".join(json.dumps(r) for r in part))


def test_tofu_adds_its_own_numbers(tmp_path: Path, models: Path) -> None:
    write_tofu(tmp_path / "tofu")
    data = small(enumerate_exactly=False, draws=40, shift_draws=20, truth_items=4, rouge_items=2).model_dump()
    data["corpus"] = {"kind": "tofu", "folder": str(tmp_path / "tofu"), "forget": 1, "retain": 2, "holdout": 1}
    data["model"] = {"kind": "adapter", "path": str(models / "a"), "rank": 2, "last_layers": 1}
    data["train"]["steps"], data["unlearn"]["steps"] = 2, 1
    out = tmp_path / "run"
    for r in run_audit(select_methods(RunConfig(**data), ["retain-only (control)"]), out).rows:
        log, rival = (read_log(out / "tofu" / f"{slug(n)}.json") for n in (r.name, "oracle-1"))
        numbers = r.groups["tofu"]
        assert numbers["questions"] == 20 and len(log["eval_log.json"]["avg_gt_loss"]) == 4
        assert numbers["TOFU forget quality (p)"] == forget_quality(log, rival)
        assert numbers["model utility"] == model_utility(log)
    assert "TOFU's own numbers" in html.unescape((out / "report.html").read_text())
    assert "| TOFU forget quality (p) |" in (out / "summary.md").read_text()
