"""`mari presets` and `mari audit --print-config`: a configuration that can be changed and given back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mari_theory
from experiments.config import RunConfig, load_config
from experiments.presets import preset_names
from tests.experiments.cli.call import run


def test_every_preset_is_listed_with_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "presets")
    lines = out.splitlines()
    assert status == 0 and [x for x in lines if not x.startswith(" ")] == list(preset_names())
    assert all(len(x) < 80 for x in lines)
    _, out, _ = run(capsys, "presets", "--json")
    notes = json.loads(out)
    assert list(notes) == list(preset_names()) and all(notes.values())


@pytest.mark.parametrize("name", preset_names())
def test_what_is_printed_gives_the_same_configuration_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    status, out, _ = run(capsys, "presets", name)
    (tmp_path / "own.yaml").write_text(out)
    assert status == 0 and load_config("tiny", tmp_path / "own.yaml") == load_config(name)
    _, out, _ = run(capsys, "presets", name, "--json")
    assert RunConfig.model_validate_json(out) == load_config(name)


def test_an_audit_prints_what_it_would_do_and_does_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "audit", "--preset", "tiny-seeds", "--seed", "7", "--print-config")
    assert status == 0 and list(tmp_path.iterdir()) == []
    (tmp_path / "own.yaml").write_text(out)
    assert load_config("tiny", tmp_path / "own.yaml") == load_config("tiny-seeds", seed=7)


def test_an_unknown_preset_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "presets", "huge")
    assert status == 2 and out == "" and err.count("\n") == 1 and "tiny-seeds" in err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version")[:2] == (0, f"mari {mari_theory.__version__}\n")
