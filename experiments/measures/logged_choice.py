r"""The `choice` channel of evaluation logs: laws over the true and the wrong answers, exactly certified, without a model at hand.

.. math:: c(o) \propto \exp(-\ell_o), \qquad \ell_o \text{ the mean loss a token of option } o
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mari_theory
from estimators.certify import certify_files
from experiments.data.tofu import AUTHOR
from experiments.measures.laws import answer_options
from experiments.measures.model_log import FORGET, ModelLog, TaskLog
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import write_options
from mari_theory.errors import require
from mari_theory.units import Floats, Integers

CHANNEL = (
    "softmax of minus the mean token losses of the true answer and {wrong} false ones, as evaluation logs hold them: float32 means "
    "per token, so the lengths of the options are not seen, nor anything beyond float32"
)
WHOLE_OPTIONS = (
    "softmax of the log-likelihoods of the true option and {wrong} false ones, as the harness's samples hold them"
)


@dataclass(frozen=True)
class Choices:
    """What several models' logs say of the same forget items."""

    names: tuple[str, ...]
    """Of the models."""
    losses: Floats
    """Mean loss a token, nats, shape (models, items, options): the true answer, then the wrong ones."""
    items: Integers
    """Number of each item within its split, shape (items,)."""
    text_sha256: str | None
    """Of the true answers, in order; None where a log has no text."""
    asked_alike: bool
    """Do all logs show the same questions, word for word?"""
    left_out: int
    """Items of the split that some log leaves out."""
    whole_options: bool = False
    """Losses of whole options, not means a token."""

    @property
    def channel(self) -> str:
        """What is seen, in words."""
        return (WHOLE_OPTIONS if self.whole_options else CHANNEL).format(wrong=self.losses.shape[2] - 1)

    @property
    def owners(self) -> list[str]:
        """Of each item: TOFU has 20 questions an author; a question of the harness is its own."""
        if self.whole_options:
            return [f"question-{k}" for k in self.items.tolist()]
        return [f"author-{k // AUTHOR:02d}" for k in self.items.tolist()]

    def sentence(self) -> str:
        """What the logs have in common."""
        out = f"{len(self.items)} forget items"
        out += f" of {len(set(self.owners))} authors" * (not self.whole_options)
        out += f"; {self.left_out} more are left out, as a log has no losses for them" * (self.left_out > 0)
        other = "; the prompts in the logs are not the same word for word (a date, a system prompt)"
        return out + other * (not self.asked_alike)

    def data(self) -> dict[str, int | bool]:
        """For JSON."""
        return {"items": len(self.items), "left_out": self.left_out, "asked_alike": self.asked_alike}

    def log_laws(self, model: int) -> Floats:
        """Natural logarithms of the choice laws of one model, shape (items, options)."""
        scores = -self.losses[model]
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def line_up(logs: Sequence[ModelLog], supersets: Sequence[bool], distinct: Iterable[tuple[int, int]] = ()) -> Choices:
    """The forget items of the first log in all of them. A log marked in `supersets` may hold more, and is cut to them by the answers' text.

    Raises `ArgumentError` on logs of other items, of another number of options, on items listed twice, and on a
    pair of `distinct` logs with the same losses.
    """
    first = logs[0].task(FORGET)
    count = len(first.true)
    tables: list[Floats] = []
    alike = True
    for log, superset in zip(logs, supersets, strict=True):
        task = log.task(FORGET)
        at = _places(first, task, logs[0].name, log.name, superset)
        table = np.column_stack([task.true, task.wrong])[at]
        options = 1 + first.wrong.shape[1]
        require(table.shape[1] == options, f"log {log.name}", f"{options} options an item", table.shape[1])
        kinds = ("means a token", "whole options")
        alike_kind = task.whole_options == first.whole_options
        require(alike_kind, f"log {log.name}", f"losses of {kinds[first.whole_options]}", kinds[task.whole_options])
        if first.asked is not None and task.asked is not None:
            alike = alike and [task.asked[k] for k in at] == list(first.asked)
        tables.append(table)
    losses = np.stack(tables)
    for k, j in distinct:
        same = np.array_equal(losses[k], losses[j], equal_nan=True)
        require(not same, "logs", "of different models", f"the same losses in {logs[k].name} and {logs[j].name}")
    kept = np.flatnonzero(~np.isnan(losses).any(axis=(0, 2)))
    require(kept.size > 0, "logs", "losses of at least one item in all of them", "none")
    names = tuple(_distinct(logs))
    digest = None if first.answers is None else _digest([first.answers[k] for k in kept.tolist()])
    return Choices(
        names, losses[:, kept], kept.astype(np.int64), digest, alike, count - int(kept.size), first.whole_options
    )


def _places(first: TaskLog, task: TaskLog, name: str, other: str, superset: bool) -> list[int]:
    """Where the first log's items stand in another."""
    count, own = len(first.true), len(task.true)
    enough = own == count or (superset and own > count and None not in (first.answers, task.answers))
    require(enough, f"log {other}", f"the {count} forget items of {name}", f"{own} forget items")
    if first.answers is None or task.answers is None:
        return list(range(count))
    wanted, at = list(zip(first.answers, _questions(first), strict=True)), {}
    for k, key in enumerate(zip(task.answers, _questions(task), strict=True)):
        require(key not in at, f"log {other}", "each item once", f"twice {key[0][:60]!r}")
        at[key] = k
    missing = [key[0] for key in wanted if key not in at]
    require(
        not missing,
        f"log {other}",
        f"the forget items of {name}, asked in the same words",
        f"none with the answer {(missing or [''])[0]!r}",
    )
    places = [at[key] for key in wanted]
    require(superset or places == list(range(count)), f"log {other}", f"the items in the order of {name}", "another")
    return places


def _questions(task: TaskLog) -> tuple[str, ...]:
    """The last line of what was asked with words in it: before it stand a system prompt and a date, after it the turn of the assistant."""
    return tuple(text.rstrip().rsplit("\n", 1)[-1] for text in task.asked or ("",) * len(task.true))


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8")).hexdigest()


def _distinct(logs: Sequence[ModelLog]) -> list[str]:
    names = [log.name for log in logs]
    return [
        name if names.count(name) == 1 else f"{name}-{log.sha256[:8]}" for name, log in zip(names, logs, strict=True)
    ]


def certify_choices(
    choices: Choices, arms: tuple[Sequence[int], Sequence[int]], logs: Sequence[ModelLog], path: Path, margin: float
) -> Certificate:
    """Option file of the models of both arms (P: the oracles), and beside it the exact certificate (T1, T35)."""
    options = choices.losses.shape[2]
    names, n = answer_options(options), len(choices.items)
    columns: dict[str, list[Any]] = {key: [] for key in ("arm", "model", "log_weight")}
    for arm, members in enumerate(arms):
        for k in members:
            columns["arm"] += [arm] * (n * options)
            columns["model"] += [choices.names[k]] * (n * options)
            columns["log_weight"] += (-choices.losses[k]).ravel().tolist()
    repeats = len(arms[0]) + len(arms[1])
    for key, values in (("prompt_id", [f"forget-{k}" for k in choices.items.tolist()]), ("cluster_id", choices.owners)):
        columns[key] = [x for x in values for _ in range(options)] * repeats
    columns |= {"place": [0] * len(columns["arm"]), "option": list(names) * (n * repeats)}
    digests = [{choices.names[k]: logs[k].sha256 for k in arm} for arm in arms]
    metadata: dict[str, Any] = {
        "pair": "oracle",
        "arm_p": digests[0],
        "arm_q": digests[1],
        "prompts": {"name": FORGET, "count": n, "answers_sha256": choices.text_sha256},
        "access": "choice",
        "channel": choices.channel,
        "design": "complete",
        "source": "evaluation logs; arms name the SHA-256 of each log",
        "versions": {"mari": mari_theory.__version__},
    }
    write_options(path, columns, metadata)
    certificate = certify_files([path], margin=margin)
    certificate.save(path.with_suffix(".json"))
    return certificate
