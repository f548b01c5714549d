"""Bridge to lm-evaluation-harness (`pip install 'mari-theory[harness]'`): any of its tasks, or your own from a folder of YAML files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mari_theory.errors import ArgumentError, require


def evaluate_tasks(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[str],
    folder: Path | None = None,
    limit: int | None = None,
    batch: int = 8,
) -> dict[str, dict[str, float]]:
    """Task -> metric -> value, for a model already loaded. `folder` holds further task definitions; `limit` items a task.

    Raises `ArgumentError` on an unknown task and `ModuleNotFoundError` without the package.
    """
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    require(len(tasks) > 0, "tasks", "at least one task", 0)
    manager = TaskManager(include_path=str(folder) if folder else None)
    for task in tasks:
        if task not in manager.all_tasks:
            raise ArgumentError("task", "a task of the harness or of the folder", task)
    adapter = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch)
    report = lm_eval.simple_evaluate(adapter, tasks=list(tasks), task_manager=manager, limit=limit, bootstrap_iters=0)
    return {
        task: {k.split(",")[0]: float(v) for k, v in row.items() if isinstance(v, (int, float)) and "stderr" not in k}
        for task, row in report["results"].items()
    }
