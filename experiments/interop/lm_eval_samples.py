"""Samples of lm-evaluation-harness (`samples_TASK_*.jsonl` of `--log_samples`): multiple-choice questions as the log of one model.

Each line holds one question: `target` (the number of the right option), `filtered_resps` (log-likelihood and greediness of every option) and
`arguments` (context and option). Log-likelihoods are of whole options, so the law they make is over sums, not over means a token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from experiments.measures.model_log import FORGET, ModelLog, TaskLog
from mari_theory.errors import ArgumentError, require

NEEDED = ("doc_id", "target", "filtered_resps")


def parse_samples(lines: Iterable[str]) -> ModelLog:
    """The log of one model. Raises `ArgumentError` naming the line that is truncated, no question of this kind, or there twice."""
    rows = [_row(k, line) for k, line in enumerate(lines, 1) if line.strip()]
    require(len(rows) > 0, "samples", "at least one line", 0)
    by_number = {row.pop("doc_id"): row for row in sorted(rows, key=lambda r: r["doc_id"])}
    require(len(by_number) == len(rows), "samples", "every doc_id once", f"{len(rows)} lines, {len(by_number)} doc_ids")
    counts = {len(row["losses"]) for row in by_number.values()}
    require(len(counts) == 1, "samples", "as many options for every question", sorted(counts))
    table = np.array([row["losses"] for row in by_number.values()])
    asked, answers = ([row[name] for row in by_number.values()] for name in ("asked", "answer"))
    return ModelLog(
        {
            FORGET: TaskLog(
                true=table[:, 0],
                wrong=table[:, 1:],
                asked=None if None in asked else tuple(asked),
                answers=None if None in answers else tuple(answers),
                whole_options=True,
            )
        }
    )


def _row(number: int, line: str) -> dict[str, Any]:
    where = f"line {number}"
    try:
        data = json.loads(line)
    except json.JSONDecodeError as e:
        raise ArgumentError(where, "a JSON object a line", f"{e.msg} at column {e.colno}") from None
    require(
        isinstance(data, dict) and all(k in data for k in NEEDED), where, f"the keys {', '.join(NEEDED)}", line[:60]
    )
    try:
        target, likelihoods = int(data["target"]), [float(r[0]) for r in data["filtered_resps"]]
        question = int(data["doc_id"])
    except (TypeError, ValueError, IndexError, KeyError):
        raise ArgumentError(where, "the log-likelihoods of options, one of which is the target", line[:60]) from None
    count = len(likelihoods)
    require(count >= 2 and 0 <= target < count, where, "two options or more, the target among them", (count, target))
    require(
        all(math.isfinite(x) and x <= 1e-6 for x in likelihoods),
        where,
        "finite log-likelihoods, at most 0",
        likelihoods,
    )
    order = [target, *(k for k in range(count) if k != target)]
    texts = _texts(data.get("arguments"), count)
    asked, answer = (None, None) if texts is None else (texts[target][0], "|".join(texts[k][1] for k in order))
    return {"doc_id": question, "losses": [-likelihoods[k] for k in order], "asked": asked, "answer": answer}


def _texts(arguments: Any, count: int) -> list[tuple[str, str]] | None:
    """Context and option of every request, as a list of pairs or as the harness writes them to files."""
    if isinstance(arguments, Mapping):
        arguments = [(x.get("arg_0"), x.get("arg_1")) for x in arguments.values() if isinstance(x, Mapping)]
    whole = isinstance(arguments, list) and len(arguments) == count
    if not whole or not all(len(x) >= 2 and all(isinstance(t, str) for t in x[:2]) for x in arguments):
        return None
    return [(x[0], x[1]) for x in arguments]
