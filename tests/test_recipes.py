"""The recipes of CONTRIBUTING.md, followed: what is added appears wherever a user would look for it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch")

import experiments.studies
from benchmarks.cases import cases
from estimators import INTERVALS
from estimators.intervals import Hoeffding
from estimators.results import Interval
from experiments.cli import main as command_line
from experiments.config import LoopSettings, RunConfig, load_config
from experiments.methods import METHODS, make_method
from experiments.methods.base import Batch, Loss, Method, parts_of, preserve_loss
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.studies.base import Page, Settings, Study
from experiments.studies.data import Data, Section
from experiments.unlearning.loop import Task, run_loop
from tests.experiments.cli.call import run


@dataclass(frozen=True)
class Half:
    """A row's interval: the middle half of what is possible."""

    name: str = "half"

    def interval(self, y: Any, confidence: float, lower: float = 0.0, upper: float = 1.0) -> Interval:
        """Wide enough for what is asked here, valid for nothing."""
        return Hoeffding().interval(y, confidence, lower, upper)


def test_an_interval_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INTERVALS, "half", Half())
    assert all("half" in case.methods for (quantity, _), case in cases().items() if quantity == "bounded mean")
    assert any("half" in case.methods for case in cases().values())


@dataclass(frozen=True)
class Nothing(Method):
    """`L = CE(preserve)`: a method of one class (nobody, 2026; no deviation)."""

    weight: float = 1.0

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """The retain term."""
        keep = preserve_loss(model, batch)
        return self.weight * keep, parts_of(preserve_loss=keep)


def test_a_method_is_one_class_and_one_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(METHODS, "nothing", Nothing)
    method = make_method("nothing", weight=2.0)
    assert method == Nothing(2.0) and method.origin == "paper"
    (tmp_path / "c.yaml").write_text("methods: [{label: Nothing, name: nothing, settings: {weight: 0.5}}]")
    config: RunConfig = load_config("tiny", tmp_path / "c.yaml")
    assert [m.label for m in config.methods] == ["Nothing"]
    from experiments.data.generated import generate

    corpus = generate(1, 2, 1)
    model, tokenizer = tiny_model(len(tiny_tokenizer(corpus)), 8, 1, 1), tiny_tokenizer(corpus)
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, method), LoopSettings(steps=2, batch_retain=2))
    assert result.steps == 2 and "batch_preserve_loss" in result.history[-1]


def test_a_study_is_one_folder_and_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(settings: Settings, data: Data) -> None:
        data.keep("answer", {"value": 42})

    def page(sections: Mapping[str, Section]) -> Page:
        return Page([f"The answer is {sections['answer'].numbers['value']}."])

    module = ModuleType("experiments.studies.answer")
    module.STUDY = Study("answer", ("answer",), (), measure, page)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "experiments.studies.answer", module)
    monkeypatch.setitem(experiments.studies.STUDY_QUESTIONS, "answer", "What is it?")
    assert "What is it?" in run(capsys, "study")[1]
    assert run(capsys, "study", "answer", "--out", str(tmp_path / "out"))[0] == 0
    assert "The answer is 42." in (tmp_path / "out" / "page.md").read_text()


def test_a_command_is_one_file_and_one_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from experiments.cli.command import add_command

    command = ModuleType("experiments.cli.hello")
    command.run = lambda args: print("hello") or 0  # type: ignore[attr-defined]
    command.add = lambda commands: add_command(commands, "hello", command.run, "says it")  # type: ignore[attr-defined]
    monkeypatch.setattr(command_line, "COMMANDS", (*command_line.COMMANDS, command))
    assert run(capsys, "hello") == (0, "hello\n", "")
    assert "hello" in run(capsys, "--help")[1]
