"""OpenUnlearning's evaluation logs (TOFU_EVAL.json, MUSE_EVAL.json), read and written: metric -> `agg_value`, and `value_by_index` from item to readings.

Keys of items are strings, sorted as whole numbers; null marks an item that the metric left out. MUSE's logs hold no losses of
answers: they become a `ModelLog` with what is reported of the whole and no tasks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.measures.model_log import FORGET, ModelLog, TaskLog, as_numbers
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

PREFIX = {FORGET: "forget", "retain": "retain", "real authors": "ra", "world facts": "wf"}
"""Task -> how the names of its metrics begin."""
GUARD = 1e-10
"""Added to the denominators of its ratios."""
Metrics = dict[str, Any]


def is_open_unlearning(data: dict[str, Any]) -> bool:
    """Does it look like one of these logs?"""
    return any(isinstance(metric, dict) and "agg_value" in metric for metric in data.values())


def parse_open_unlearning(data: Metrics) -> ModelLog:
    """The log of one model. Raises `ArgumentError` naming the metric that is truncated or holds no finite numbers."""
    totals = {name: metric.get("agg_value") for name, metric in data.items() if isinstance(metric, dict)}
    reported = {name: float(x) for name, x in totals.items() if isinstance(x, (int, float)) and not isinstance(x, bool)}
    there = {task: p for task, p in PREFIX.items() if f"{p}_Q_A_Prob" in data and f"{p}_Q_A_PERT_Prob" in data}
    return ModelLog({task: _task(data, prefix) for task, prefix in there.items()}, reported=reported)


def metric(value: float, items: Mapping[int, Mapping[str, float]] | None = None) -> dict[str, Any]:
    """One metric as its evaluators write it: `agg_value`, and readings of every item where there are some.

    >>> metric(0.1, {3: {"jsd": 0.1}})
    {'agg_value': 0.1, 'value_by_index': {'3': {'jsd': 0.1}}}
    """
    out: dict[str, Any] = {"agg_value": float(value)}
    return out if items is None else out | {"value_by_index": {str(k): dict(x) for k, x in items.items()}}


def write_open_unlearning(folder: Path, name: str, metrics: Metrics) -> None:
    """`NAME_EVAL.json`, and `NAME_SUMMARY.json` (metric -> `agg_value`), as its evaluator of this name writes them, by name sorted."""
    whole = dict(sorted(metrics.items()))
    summary = {k: x["agg_value"] for k, x in whole.items()}
    for ending, data in (("EVAL", whole), ("SUMMARY", summary)):
        write_text(folder / f"{name}_{ending}.json", json.dumps(data, indent=4))


def _task(data: Metrics, prefix: str) -> TaskLog:
    losses = {kind: f"{prefix}_Q_A_{kind}" for kind in ("Prob", "PERT_Prob", "PARA_Prob")}
    generated = f"{prefix}_Q_A_ROUGE"
    wrong = _column(data, losses["PERT_Prob"], "avg_loss")
    answers = max((len(row) for row in wrong if isinstance(row, list)), default=1)
    return TaskLog(
        true=as_numbers(_column(data, losses["Prob"], "avg_loss"), losses["Prob"]),
        wrong=as_numbers([[None] * answers if row is None else row for row in wrong], losses["PERT_Prob"], axes=2),
        paraphrased=as_numbers(_column(data, losses["PARA_Prob"], "avg_loss"), losses["PARA_Prob"])
        if losses["PARA_Prob"] in data
        else None,
        recall=as_numbers(_column(data, generated, "rougeL_recall"), generated) if generated in data else None,
        asked=_texts(data, generated, "input"),
        answers=_texts(data, generated, "ground_truth"),
        guard=GUARD,
    )


def _rows(data: Metrics, metric: str) -> list[dict[str, Any]]:
    """What a metric says of each item; nothing where the log leaves the item out."""
    content = data[metric].get("value_by_index") if isinstance(data[metric], dict) else None
    require(isinstance(content, dict) and content, metric, "value_by_index, an item a key", content)
    assert isinstance(content, dict)
    places = {int(key): row for key, row in content.items() if key.isascii() and key.isdigit()}
    whole = len(places) == len(content) and sorted(places) == list(range(len(content)))
    require(whole, metric, f"the items 0 to {len(content) - 1}, each once", f"{sorted(content)[:3]} ...")
    typed = all(row is None or isinstance(row, dict) for row in places.values())
    require(typed, metric, "readings of every item, or null", "others")
    return [places[k] or {} for k in range(len(places))]


def _column(data: Metrics, metric: str, reading: str) -> list[Any]:
    rows = _rows(data, metric)
    require(all(reading in row for row in rows if row), metric, f"{reading} in every item, or null", "an item without")
    return [row.get(reading) for row in rows]


def _texts(data: Metrics, metric: str, reading: str) -> tuple[str, ...] | None:
    texts = [row.get(reading) for row in _rows(data, metric)] if metric in data else [None]
    return tuple(map(str, texts)) if all(isinstance(t, str) for t in texts) else None
