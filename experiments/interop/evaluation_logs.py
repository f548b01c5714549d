"""Evaluation logs in files: OpenUnlearning's, those of TOFU's authors, and samples of lm-evaluation-harness, as the log of one model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.interop.lm_eval_samples import parse_samples
from experiments.interop.open_unlearning import is_open_unlearning, parse_open_unlearning
from experiments.measures.model_log import COLUMNS, TASKS, ModelLog, TaskLog, as_numbers
from mari_theory.certificates.digests import sha256
from mari_theory.certificates.metadata import strict_json
from mari_theory.errors import ArgumentError, require

FILES = ("TOFU_EVAL.json", "MUSE_EVAL.json", "eval_log_aggregated.json")
"""What the log is called in a folder of evaluations."""


def read_log(path: Path) -> ModelLog:
    """The log of one model from a file, or from a folder that holds one of `FILES`.

    Raises `ArgumentError`, in one line, on a file that is missing, truncated, foreign or a summary, on NaN and on items that are not 0 to n - 1.
    """
    file = _file_of(Path(path))
    try:
        log = _parse(file)
    except ArgumentError as e:
        raise ArgumentError(f"log {file}, {e.argument}", e.allowed, e.received) from None
    return replace(log, name=_name_of(file), sha256=sha256(file))


def _parse(file: Path) -> ModelLog:
    if file.suffix == ".jsonl":
        return parse_samples(file.read_text(encoding="utf-8", errors="replace").splitlines())
    data = strict_json(file.read_bytes(), "content")
    require(isinstance(data, dict), "content", "a JSON object", type(data).__name__)
    return parse_open_unlearning(data) if is_open_unlearning(data) else _parse_legacy(data)


def _file_of(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in FILES if (path / name).is_file()]
        require(len(found) == 1, "log", f"a folder with one of {', '.join(FILES)}", f"{path} with {len(found)}")
        return found[0]
    require(path.is_file(), "log", "an existing JSON file, or a folder with one", path)
    return path


def _name_of(file: Path) -> str:
    """Of the model: evaluations lie in its folder, or in one a split below it."""
    if file.name not in FILES:
        return file.stem
    folder = file.resolve().parent
    return f"{folder.parent.name}/{folder.name}" if folder.name.startswith("eval") else folder.name


def _parse_legacy(data: dict[str, Any]) -> ModelLog:
    missing = [t for t in TASKS.values() if not isinstance(data.get(t), dict)]
    require(
        not missing, "tasks", f"the tasks {', '.join(TASKS.values())}, or OpenUnlearning's metrics", f"no {missing}"
    )
    return ModelLog({name: _legacy_task(data[file]) for name, file in TASKS.items()})


def _legacy_task(task: dict[str, Any]) -> TaskLog:
    for name in (COLUMNS["true"], COLUMNS["wrong"]):
        require(isinstance(task.get(name), list), name, "a list in the log", sorted(task))
    columns: dict[str, Any] = {
        key: as_numbers(task[name], name, axes=2 if key == "wrong" else 1)
        for key, name in COLUMNS.items()
        if name in task
    }
    return TaskLog(**columns)
