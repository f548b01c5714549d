"""Continual unlearning: a sequence of deletion requests on one model, each round from the last (T13)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.methods.base import Method, Reference
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.loop import Task, Watch, run_loop
from mari_theory.errors import require


def split_requests(corpus: Corpus, rounds: int) -> list[tuple[Item, ...]]:
    """The forget set as `rounds` requests of whole owners, as even as they go.

    >>> from experiments.data.generated import generate
    >>> [len({i.owner for i in r}) for r in split_requests(generate(5, 1, 1), 2)]
    [3, 2]
    """
    owners = list(dict.fromkeys(i.owner for i in corpus.forget))
    require(1 <= rounds <= len(owners), "rounds", f"1 to {len(owners)} (owners to forget)", rounds)
    place = {o: k % rounds for k, o in enumerate(owners)}
    return [tuple(i for i in corpus.forget if place[i.owner] == k) for k in range(rounds)]


def unlearn_rounds(
    model: Any,
    tokenizer: Any,
    corpus: Corpus,
    requests: Sequence[Sequence[Item]],
    method: Method,
    settings: LoopSettings,
) -> tuple[list[Any], list[LoopResult]]:
    """Run the requests one after another; returns the model after each and how each round ended.

    A round sees its own request and the retain set, never an earlier request's answers. With `stop_at_holdout` it ends where its forget
    loss reaches the never-seen holdout's; with `stop_accuracy_drop` where accuracy on the holdout has fallen too far since the first
    round began, and the requests after it are then left as they are. A method that compares with the original is given the model its
    round began with.
    Raises `ArgumentError` on no request or an owner in two.
    """
    require(len(requests) > 0, "requests", "at least one", 0)
    owners = [{i.owner for i in r} for r in requests]
    for k, mine in enumerate(owners):
        again = mine & set().union(*owners[:k])
        require(not again, "requests", "each owner in one request", sorted(again)[:3])
    models: list[Any] = []
    results: list[LoopResult] = []
    for k, request in enumerate(requests):
        start = models[-1] if models else model
        network = copy.deepcopy(start)
        reference = None if method.reference is Reference.NONE else start.eval()
        one = replace(corpus, forget=tuple(request))
        round_settings = replace(settings, seed=settings.seed + k)
        if results and settings.accuracy_start is None:
            round_settings = replace(round_settings, accuracy_start=results[0].history[0].get("holdout_accuracy"))
        task = Task(network, tokenizer, one, corpus.retain, method, reference)
        results.append(run_loop(task, round_settings, Watch(label=f"request {k + 1}")))
        models.append(network)
    return models, results
