"""`mari request`: options become the request, and what comes out is a sentence, a folder, one JSON object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.audit.results import Run
from experiments.data.files import write_prompts
from experiments.data.items import Corpus
from experiments.measures.result import AuditFailure
from experiments.request import run as module
from experiments.request.cost import Cost
from experiments.request.run import Outcome
from experiments.request.statement import answer
from tests.experiments.cli.call import run


@pytest.fixture
def argv(corpus: Corpus, tmp_path: Path) -> list[str]:
    files: list[str] = []
    for name, items in corpus.splits().items():
        write_prompts(tmp_path / f"{name}.jsonl", items)
        files += [f"--{name}", str(tmp_path / f"{name}.jsonl")]
    return ["request", "some/model", *files, "--oracle", "o/1", "o/2", "--out", str(tmp_path / "r")]


@pytest.fixture
def asked(finished: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the command hands on; the answer is a finished audit's."""
    calls: list[Any] = []

    def noted(*args: Any) -> Outcome:
        calls.append(args)
        return Outcome(Run.load(finished), Path("r/handover"), Path("r/model"))

    monkeypatch.setattr(module, "run_request", noted)
    return calls


def test_options_are_the_request(
    capsys: pytest.CaptureFixture[str], argv: list[str], asked: list[Any], corpus: Corpus, tmp_path: Path
) -> None:
    more = ["--method", "npo", "--set", "gamma=0.5", "--steps", "7", "--rank", "0", "--margin", "0.03", "--resume"]
    status, out, err = run(capsys, *argv, *more, "--json")
    ((ask, data, folder, resume, estimate, command),) = asked
    assert status == 0 and err == "" and folder == tmp_path / "r" and resume and not estimate
    assert (ask.model, ask.oracles, ask.method, ask.settings) == ("some/model", ("o/1", "o/2"), "npo", {"gamma": 0.5})
    assert (ask.loop.steps, ask.rank, ask.margin, ask.retraining.epochs) == (7, 0, 0.03, 5.0)
    assert len(data.forget) == len(corpus.forget) and command == f"mari request some/model --out {folder}"
    made = json.loads(out)
    assert (
        made["ok"]
        and made["statement"] == "r/handover/statement.html"
        and {"verdict", "no_verdict", "damaged"} <= set(made)
    )
    assert made["jsd_lower"] <= made["jsd_upper"] and made["max_accuracy"] >= 0.5
    run(capsys, *argv, "--validate")
    assert asked[1][0].method is None
    run(capsys, *argv)
    assert asked[2][0].method == "npo"


def test_the_answer_is_a_sentence(
    capsys: pytest.CaptureFixture[str], argv: list[str], asked: list[Any], finished: Path
) -> None:
    status, out, _ = run(capsys, *argv)
    found = Run.load(finished)
    assert status == 0 and answer(found, found.methods[0]).split()[0] in out and "statement: r/handover" in out


def test_an_estimate_and_a_failure(
    capsys: pytest.CaptureFixture[str], argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_request", lambda *_: Cost(60.0, 1.0, 0.5))
    status, out, _ = run(capsys, *argv, "--estimate", "--json")
    assert status == 0 and json.loads(out)["estimate"] == {"seconds": 60.0, "memory_gib": 1.0, "disk_gib": 0.5}

    def refuted(*_: object) -> Outcome:
        raise AuditFailure("x.parquet refuted by: text classifier")

    monkeypatch.setattr(module, "run_request", refuted)
    status, out, err = run(capsys, *argv, "--json")
    assert status == 1 and err.startswith("mari request: FAILED: x.parquet") and json.loads(out)["ok"] is False


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--set", "gamma=1"], "--set: expected settings of a named --method"),
        (["--method", "npo", "--validate"], "not allowed with argument"),
        (["--lr", "0"], "--lr: expected"),
        (["--oracle", "one"], "--oracle: expected at least 2"),
        (["--holdout", "none.csv"], "data: expected an existing file, got none.csv"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], tmp_path: Path, more: list[str], words: str
) -> None:
    status, out, err = run(capsys, *argv, *more)
    assert (status, out) == (2, "") and words in err and len(err.splitlines()) == 1 and not (tmp_path / "r").exists()
