"""A sequence of deletion requests: every method from the same original, one round after another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import many_prompt_ids
from experiments.data.generated import generate
from experiments.data.items import Item
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores
from experiments.measures.pair import Plan, sample_pair
from experiments.methods import make_method
from experiments.models.banks import HeldModels
from experiments.models.load import quiet
from experiments.models.tiny import tiny_tokenizer
from experiments.studies.toy import train_pair
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.reason import Reason
from experiments.unlearning.rounds import split_requests, unlearn_rounds
from mari_theory.sequences import rounds_bound

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "retain-only (control)": ("retain-only", {}),
    "GradDiff 0.01": ("grad-diff", {"gamma": 0.01}),
    "KL-regularised GA 0.03": ("kl-gradient-ascent", {"gamma": 0.03}),
    "NPO 0.1": ("npo", {"gamma": 0.1}),
    "FLAT 0.3": ("flat-retain", {"gamma": 0.3}),
    "MarI pooled 10": ("mari-pooled", {"penalty": 10.0}),
    "MarI matched 10": ("mari-matched", {"penalty": 10.0}),
}
AUTHORS = 30
SKEW = 0.7
"""A prior with a favourite, half of all answers: without one, accuracy on never-seen authors is luck, and a rule on it fires on noise."""
DROP = 0.03
"""Share of the held-out accuracy that may be lost over the whole sequence."""


def how_it_ended(result: LoopResult) -> str:
    """In a few words."""
    if result.stopped is Reason.ALL_STEPS:
        return f"all {result.steps} steps"
    return f"stopped at step {result.steps}{', accuracy' if result.stopped is Reason.HOLDOUT_ACCURACY else ''}"


def upper_end(bank: HeldModels, pair: tuple[str, str], prompts: list[list[int]], draws: int, level: float) -> float:
    """Certified upper end of the JSD of one sampled answer."""
    p, q = pair
    return sample_pair(bank, [p], [q], prompts, Plan(draws, 2, (0, 1))).jsd(level).interval.upper


def measure_rounds(rounds: int, quick: bool) -> dict[str, Any]:
    """Every method's sequence, and what the page says of the set-up."""
    quiet()
    torch.set_num_threads(2)
    steps, draws, floor = (40, 300, 0.02) if quick else (800, 4000, 1e-4)
    corpus = generate(AUTHORS, 64, 128, skew=SKEW, seed=61)
    tokenizer = tiny_tokenizer(corpus)
    bank = train_pair(tokenizer, corpus, steps)
    requests = split_requests(corpus, rounds)
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget])
    loop = LoopSettings(
        max(5, steps // 8),
        1e-3,
        stop_at_holdout=True,
        stop_accuracy_drop=DROP,
        evaluate_every=5,
        evaluate_items=768,
    )
    rows = {}
    for label, (kind, settings) in list(METHODS.items())[: 2 if quick else None]:
        models, results = unlearn_rounds(
            bank.models["original"], tokenizer, corpus, requests, make_method(kind, **settings), loop
        )
        bank.models |= {f"round {k}": model for k, model in enumerate(models)}
        rows[label] = sequence_row(bank, requests, results, prompts, draws, floor) | {
            "retain": float(item_scores(bank.use(f"round {rounds - 1}"), tokenizer, corpus.retain).probability.mean())
        }
    return {
        "rounds": rounds,
        "authors": AUTHORS // rounds,
        "favourite": corpus.prior[0],
        "steps": loop.steps,
        "drop": DROP,
        "oracle": item_scores(bank.use("oracle"), tokenizer, corpus.forget).probability.mean(),
        "rows": rows,
    }


def sequence_row(
    bank: HeldModels,
    requests: list[tuple[Item, ...]],
    results: list[LoopResult],
    prompts: list[list[int]],
    draws: int,
    floor: float,
) -> dict[str, Any]:
    """What the table shows of the models `round 0`, `round 1` ... of one method; first tokens rarer than `floor` are not continued."""
    names = ["original", *(f"round {k}" for k in range(len(results)))]
    # Each of the K rounds and the direct one take an equal share of 5 % (T20).
    level = 1.0 - 0.05 / (len(results) + 1)
    steps_up = [upper_end(bank, pair, prompts, draws, level) for pair in pairwise(names)]
    direct = upper_end(bank, ("original", names[-1]), prompts, draws, level)
    exact, oracle = (
        np.mean(enumerate_divergence(bank, [a], [names[-1]], prompts, floor)) for a in ("original", "oracle")
    )
    paths = [
        [float(item_scores(bank.use(n), bank.tokenizer, request).probability.mean()) for n in names[1:]]
        for request in requests
    ]
    return {
        "forget": paths,
        "ended": [how_it_ended(r) for r in results],
        "before": results[0].history[0]["holdout_accuracy"],
        "after": [r.history[-1]["holdout_accuracy"] for r in results],
        "to_oracle": oracle,
        "composed": rounds_bound(steps_up),
        "direct": direct,
        "exact": exact,
    }
