"""The evaluation log of one model: what every question read, task by task, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mari_theory.errors import require
from mari_theory.units import Floats

FORGET = "forget"
UTILITY_TASKS = ("retain", "real authors", "world facts")
TASKS = {
    FORGET: "eval_log_forget.json",
    "retain": "eval_log.json",
    "real authors": "eval_real_author_wo_options.json",
    "world facts": "eval_real_world_wo_options.json",
}
"""What each task asks about, and its name in the logs of TOFU's authors."""
COLUMNS = {
    "true": "avg_gt_loss",
    "wrong": "average_perturb_loss",
    "paraphrased": "avg_paraphrased_loss",
    "recall": "rougeL_recall",
}
"""Fields of `TaskLog`, and their names in the logs of TOFU's authors."""


@dataclass(frozen=True)
class TaskLog:
    """Readings of one task, an item a row. NaN: the log leaves it out. Raises `ArgumentError` on columns of other lengths."""

    true: Floats
    """Mean loss a token of the true answer, nats, shape (items,)."""
    wrong: Floats
    """Of each wrong answer, shape (items, answers)."""
    paraphrased: Floats | None = None
    """Of the true answer in other words; None where the task has none."""
    recall: Floats | None = None
    """ROUGE-L recall of the generated answer; None where nothing was generated. It may stop before the last item."""
    asked: tuple[str, ...] | None = None
    """The questions, as they were put to the model; None where the log has no text."""
    answers: tuple[str, ...] | None = None
    """The true answers."""
    whole_options: bool = False
    """Losses of whole options, not means a token."""
    guard: float = 0.0
    """What the benchmark that wrote the log adds to the denominators of its ratios, so that its numbers come out to the digit."""

    def __post_init__(self) -> None:
        n = len(self.true)
        require(n > 0, COLUMNS["true"], "at least one item", 0)
        shape = self.wrong.shape
        require(len(shape) == 2 and shape[0] == n, COLUMNS["wrong"], f"as many losses for each of {n} items", shape)
        whole = self.paraphrased is None or len(self.paraphrased) == n
        require(whole, COLUMNS["paraphrased"], f"one for each of {n} items", self.paraphrased)
        for texts in (self.asked, self.answers):
            require(texts is None or len(texts) == n, "texts", f"one for each of {n} items", len(texts or ()))

    def legacy(self) -> dict[str, Any]:
        """As TOFU's authors write it."""
        columns = {name: getattr(self, key) for key, name in COLUMNS.items()}
        return {name: column.tolist() for name, column in columns.items() if column is not None}


@dataclass(frozen=True)
class ModelLog:
    """The log of one model."""

    tasks: Mapping[str, TaskLog]
    """By name, of `TASKS`; empty for a log without losses of answers."""
    name: str = "model"
    """Of the model, from where its log lies."""
    sha256: str = ""
    """Of the file."""
    reported: Mapping[str, float] = field(default_factory=dict)
    """What the log itself says of the whole, by its own names."""

    def task(self, name: str) -> TaskLog:
        """One task. Raises `ArgumentError` where the log has none of this name."""
        require(name in self.tasks, f"log {self.name}", f"the task {name!r}", sorted(self.tasks) or "none")
        return self.tasks[name]

    def legacy(self) -> dict[str, Any]:
        """As TOFU's authors write it, ready for JSON."""
        return {TASKS[name]: task.legacy() for name, task in self.tasks.items()}


def as_numbers(values: Any, name: str, axes: int = 1) -> Floats:
    """A column of a log, or a table; None becomes NaN. Raises `ArgumentError` on anything that is no finite number, and on rows of other lengths."""
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        column = np.empty(0)
    given = [x for row in values for x in (row if isinstance(row, list) else (row,))] if column.size else []
    typed = all(x is None or (isinstance(x, (int, float)) and not isinstance(x, bool)) for x in given)
    even = column.ndim == axes and column.size > 0 and typed
    require(even, name, "numbers, as many for each item", "others" if column.size else "rows of other lengths, or none")
    missing = np.array([x is None for x in given]).reshape(column.shape)
    require(bool(np.all(np.isfinite(column) | missing)), name, "finite numbers", "NaN or inf")
    return column
