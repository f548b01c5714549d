"""TOFU's own numbers from per-item evaluation logs: truth ratio, forget quality, model utility (Maini et al. 2024).

A log is a mapping from task (`eval_log.json` retain, `eval_log_forget.json`, `eval_real_author_wo_options.json`,
`eval_real_world_wo_options.json`) to per-item lists `avg_gt_loss`, `average_perturb_loss`, `avg_paraphrased_loss`, `rougeL_recall`.
Forget quality is a p-value: large means "no difference seen", not "no difference" (a model that remembers half of forget01 passes
it nine times in ten). It is here to reproduce published tables; a certified interval on JSD is the answer to the question itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hmean, ks_2samp

from mari_theory.errors import ArgumentError, require

Log = Mapping[str, Mapping[str, Sequence[Any]]]
Floats = NDArray[np.float64]
FORGET = "eval_log_forget.json"
UTILITY_TASKS = ("eval_log.json", "eval_real_author_wo_options.json", "eval_real_world_wo_options.json")
TASK_NAMES = dict(zip((FORGET, *UTILITY_TASKS), ("forget", "retain", "real authors", "world facts"), strict=True))
"""What each task asks about."""


def read_log(path: Path) -> Log:
    """An aggregated evaluation log. Raises `ArgumentError` on a missing, truncated or foreign file."""
    require(Path(path).is_file(), "log", "an existing JSON file", path)
    try:
        log = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as e:
        raise ArgumentError("log", "a complete JSON file", f"{path}: {e}") from None
    missing = [t for t in (FORGET, *UTILITY_TASKS) if not isinstance(log, dict) or t not in log]
    require(not missing, "log", f"the tasks {', '.join((FORGET, *UTILITY_TASKS))}", f"no {missing}")
    return dict(log)


def item_truth_ratios(task: Mapping[str, Sequence[Any]]) -> Floats:
    """Per item: (geometric mean wrong-answer probability) / (paraphrased-answer probability), per token."""
    true = _column(task, "avg_paraphrased_loss" if "avg_paraphrased_loss" in task else "avg_gt_loss")
    wrong = _column(task, "average_perturb_loss")
    require(
        wrong.ndim == 2 and len(wrong) == len(true), "average_perturb_loss", "one list of losses an item", wrong.shape
    )
    return np.exp(true - wrong.mean(axis=1))


def forget_quality(model: Log, oracle: Log) -> float:
    """p-value of the two-sided Kolmogorov-Smirnov test between the forget items' truth ratios of two models.

    Raises `ArgumentError` when the logs cover different numbers of items.
    """
    a, b = (item_truth_ratios(log[FORGET]) for log in (model, oracle))
    require(len(a) == len(b), "logs", "the same forget items in both", (len(a), len(b)))
    return float(ks_2samp(a, b).pvalue)


def truth_ratio_score(task: Mapping[str, Sequence[Any]], forget: bool) -> float:
    """Aggregate as published: mean min(R, 1/R) on forget (1 = cannot tell true from false), mean max(0, 1 - R) elsewhere."""
    ratio = item_truth_ratios(task)
    return float(np.mean(np.minimum(ratio, 1 / ratio) if forget else np.maximum(0.0, 1 - ratio)))


def answer_probability(name: str, task: Mapping[str, Sequence[Any]]) -> float:
    """Mean probability of the true answer; on real authors and world facts its share among the options given."""
    true = np.exp(-_column(task, "avg_gt_loss"))
    if name in ("eval_log.json", FORGET):
        return float(true.mean())
    wrong = np.exp(-_column(task, "average_perturb_loss"))
    return float(np.mean(true / (true + wrong.sum(axis=1))))


def model_utility(log: Log) -> float:
    """Harmonic mean of nine numbers: probability, ROUGE-L recall and truth ratio on retain, real authors and world facts."""
    parts = []
    for name in UTILITY_TASKS:
        task = log[name]
        parts += [
            answer_probability(name, task),
            float(_column(task, "rougeL_recall").mean()),
            truth_ratio_score(task, forget=False),
        ]
    return float(hmean(parts)) if min(parts) > 0 else 0.0


def _column(task: Mapping[str, Sequence[Any]], key: str) -> Floats:
    require(key in task and len(task[key]) > 0, key, "a non-empty list in the log", sorted(task))
    values = np.asarray(task[key], dtype=float)
    require(bool(np.all(np.isfinite(values))), key, "finite numbers", "NaN or inf")
    return values
