"""Cost of a step, and how it grows with vocabulary, answer length and batch; and what logging costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, encode_ids
from experiments.data.generated import generate
from experiments.methods import make_method
from experiments.methods.base import Batch
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.studies.base import Settings, markdown_table
from experiments.unlearning.loop import Task, Watch, run_loop

TITLE = "Cost of a step, and how it grows"
NEEDS = ""
BASE = "grad-diff"
COSTS = ("gradient-ascent", BASE, "npo", "mari-pooled", "mari-tokenwise", "mari-matched")
SHAPES = [(1024, 16, 16), (8192, 16, 16), (49152, 16, 16), (8192, 64, 16), (8192, 16, 64)]
"""Vocabulary, answer tokens, forget items."""


def measure(settings: Settings) -> dict[str, Any]:
    """Each method's step over GradDiff's, and the share that logging adds."""
    rows = []
    for shape in SHAPES[: 1 if settings.quick else None]:
        costs = step_cost(*shape, repeats=2 if settings.quick else 5)
        base = costs[BASE]
        ratios = {n: {"time": costs[n][0] / base[0], "memory": costs[n][1] / base[1]} for n in COSTS if n != BASE}
        rows.append({"shape": list(shape), "seconds": base[0], "mebibytes": base[1], "ratios": ratios})
    pairs = 2 if settings.quick else 9
    return {"rows": rows, "logging": {"pairs": pairs, "share": logging_overhead(pairs)}}


def cost_batch(vocab: int, length: int, items: int, rng: np.random.Generator) -> Batch:
    """Random tokens of the given shape on every side."""

    def part(n: int) -> Encoded:
        pairs = [
            ([int(x) for x in rng.integers(3, vocab, 8)], [int(x) for x in rng.integers(3, vocab, length)])
            for _ in range(n)
        ]
        return encode_ids(pairs, 1, ("k",) * n)

    keep, retain, forget, twins = part(2 * items), part(items), part(items), part(items)
    return Batch(lambda: keep, lambda: retain, lambda: forget, lambda: twins, lambda: forget)


def step_cost(vocab: int, length: int, items: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Method -> (median seconds a step, MiB kept for the backward pass); methods interleaved."""
    rng = np.random.default_rng([vocab, length, items])
    model, old = tiny_model(vocab), tiny_model(vocab, seed=1)
    batch = cost_batch(vocab, length, items, rng)
    times: dict[str, list[float]] = {name: [] for name in COSTS}
    memory = {}
    for _ in range(repeats + 1):
        for name in COSTS:
            method = make_method(name)
            sizes: dict[int, int] = {}

            def pack(x: torch.Tensor, sizes: dict[int, int] = sizes) -> torch.Tensor:
                sizes[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
                return x

            began = time.perf_counter()
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
                loss, _ = method.loss(model, batch, old)
            loss.backward()
            times[name].append(time.perf_counter() - began)
            model.zero_grad()
            memory[name] = sum(sizes.values()) / 2**20
    return {name: (float(np.median(times[name][1:])), memory[name]) for name in COSTS}


def logging_overhead(repeats: int) -> float:
    """Loss and full-pass marginal information logged every ten steps, over the same run without; interleaved, medians."""
    corpus = generate(32, 64, 128)
    tokenizer = tiny_tokenizer(corpus)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for log in times:
            model, began = tiny_model(len(tokenizer)), time.perf_counter()
            task = Task(model, tokenizer, corpus, corpus.retain, make_method("mari-pooled"))
            run_loop(task, LoopSettings(steps=50), Watch(evaluate=log))
            times[log].append(time.perf_counter() - began)
    return float(np.median(times[True])) / float(np.median(times[False])) - 1.0


def part(n: Mapping[str, Any]) -> list[str]:
    """Table of ratios and the sentence on logging."""
    others = list(n["rows"][0]["ratios"])
    lines = markdown_table(["vocabulary, answer tokens, forget items", "GradDiff step", *others])
    for r in n["rows"]:
        cells = [f"{x['time']:.2f} x time, {x['memory']:.2f} x memory" for x in r["ratios"].values()]
        lines.append(
            f"| {', '.join(f'{x:,}' for x in r['shape'])} | {r['seconds']:.3f} s, {r['mebibytes']:.0f} MiB | {' | '.join(cells)} |"
        )
    logging = n["logging"]
    return [
        *lines,
        "",
        "Forward and backward of one step of a 64-wide two-layer decoder, so the vocabulary's share of the cost is far larger than in a real model; memory is what autograd keeps for the backward pass. Medians of interleaved repeats, as ratios.",
        "",
        f"Logging the losses and the marginal information of full passes every ten steps adds {100 * logging['share']:.0f} % to a run of MarI on the toy ({logging['pairs']} interleaved pairs, medians).",
    ]
