"""The whole way: a killed request goes on, a base that knows the data is refused, and nothing is left of bad input."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from experiments.audit.results import Run
from experiments.config import LoopSettings, RunConfig
from experiments.data.items import Corpus
from experiments.request import run as module
from experiments.request.cost import Cost
from experiments.request.plan import Ask, plan
from experiments.request.run import Outcome, run_request
from experiments.unlearning.request import Start
from experiments.unlearning.retrain import retrain
from mari_theory import ArgumentError

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture
def no_figures(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports show the figures of the finished request."""
    figures = {name: done / "audit" / "figures" / f"{name}.png" for name in ("certified", "trajectory", "roc")}
    monkeypatch.setattr("experiments.audit.report.draw_figures", lambda run, folder: figures)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few outputs are drawn instead of all listed."""

    def planned(*args: Any) -> RunConfig:
        config = plan(*args)
        few = {"enumerate_exactly": False, "draws": 20, "shift_draws": 10, "rouge_items": 2}
        return config.model_copy(update={"scoring": config.scoring.model_copy(update=few)})

    monkeypatch.setattr(module, "plan", planned)


def test_the_original_is_found_out_and_the_floor_is_a_retraining(done: Path) -> None:
    run = Run.load(done / "audit")
    assert [r.name for r in run.rows] == ["original", "npo", "oracle-0"] and run.effort.command == "mari request"
    assert run.the("original").oracle.verdict == "detectable"
    assert run.knowledge is not None and run.knowledge.testable and not run.knowledge.flagged
    assert run.the("original").measures["forget_exact"] == 1.0


@pytest.mark.usefixtures("quick")
def test_a_killed_request_goes_on_and_another_one_may_not(
    ask: Ask, data: Corpus, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> Any:
        raise Killed

    out = tmp_path / "r"
    with pytest.raises(ArgumentError, match=r"^--resume: expected a folder with request\.json to continue"):
        run_request(ask, data, out, resume=True)
    assert not out.exists()
    with monkeypatch.context() as patch:
        patch.setattr("experiments.audit.run.open_bank", killed)  # the method is unlearnt, nothing is measured
        with pytest.raises(Killed):
            run_request(ask, data, out)
    assert (out / "audit" / "models" / "npo.json").is_file() and not (out / "handover").exists()
    with pytest.raises(ArgumentError, match="--resume to continue"):
        run_request(ask, data, out)
    with pytest.raises(ArgumentError, match="the same request"):
        run_request(replace(ask, margin=0.5), data, out, resume=True)
    assert (out / "audit" / "models" / "npo.json").is_file()  # what is there stays
    made = run_request(ask, data, out, resume=True)
    assert isinstance(made, Outcome) and (made.folder / "statement.html").is_file()
    for own, there in zip(made.run.rows, Run.load(done / "audit").rows, strict=True):
        assert own.oracle.metadata["weights_sha256"] == there.oracle.metadata["weights_sha256"]
    with pytest.raises(ArgumentError, match="unfinished request"):
        run_request(ask, data, out, resume=True)


def test_a_base_that_knows_the_data_is_refused_before_anything_is_trained(
    ask: Ask, data: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_audit", lambda *_: pytest.fail("training had begun"))
    dirty = replace(ask, oracles=(), base=ask.model)
    with pytest.raises(
        ArgumentError, match=r"^--base: expected a model that never saw the data to forget, got it knows"
    ):
        run_request(dirty, data, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    honest = replace(ask, oracles=(), base=ask.oracles[0])
    assert isinstance(run_request(honest, data, tmp_path / "r", estimate_only=True), Cost)
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("quick")
def test_oracles_that_know_the_data_give_no_verdict(ask: Ask, data: Corpus, toys: Path, tmp_path: Path) -> None:
    """The trap of a newcomer: an oracle that is the model itself, further trained."""
    short = LoopSettings(steps=3, lr=1e-4, batch_retain=24, batch_forget=1, batch_background=0)
    records = retrain(Start(ask.model, rank=None), data.retain, tmp_path / "o", 2, short)
    made = run_request(replace(ask, oracles=tuple(r["model"] for r in records)), data, tmp_path / "r")
    assert isinstance(made, Outcome) and made.run.knowledge is not None and made.run.knowledge.flagged
    for row in made.run.rows:
        assert row.oracle.no_verdict == "oracle-knows-the-data"
    assert "Oracles know the data" in (made.folder / "statement.html").read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "a/b/c"}, "^model: expected a folder"),
        ({"method": "npu"}, "did you mean npo"),
        ({"device": "moon"}, "^device"),
        ({"base": "tiny"}, "^--base: expected a base only where"),
        ({"settings": {"gamma": "much"}}, "^method npo, gamma"),
    ],
)
def test_bad_input_leaves_nothing(ask: Ask, data: Corpus, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        run_request(replace(ask, **change), data, tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_what_was_trained_stays_when_the_disk_fills_up(
    ask: Ask, data: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ArgumentError, match="GiB free for models and checkpoints"):
        run_request(ask, data, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    monkeypatch.undo()

    def full(config: RunConfig, out: Path, *_: Any) -> Run:
        (out / "models").mkdir(parents=True)
        (out / "models" / "npo.safetensors").write_bytes(b"")
        raise ArgumentError("out", "1.00 GiB free for checkpoints", "0.00 GiB")

    monkeypatch.setattr(module, "run_audit", full)
    with pytest.raises(ArgumentError, match="GiB free"):
        run_request(ask, data, tmp_path / "r")
    assert (tmp_path / "r" / "audit" / "models" / "npo.safetensors").is_file()
