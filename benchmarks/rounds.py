"""A sequence of deletion requests on the toy: certificates of the rounds composed by T13, and what earlier requests do meanwhile.

`mari bench rounds`.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.pages import write_page
from benchmarks.toy import HeldModels, train_pair
from experiments.config import LoopSettings
from experiments.data.encoding import many_prompt_ids
from experiments.data.generated import generate
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.items import item_scores
from experiments.measures.pair import sample_pair
from experiments.methods import make_method
from experiments.models.load import quiet
from experiments.models.tiny import tiny_tokenizer
from experiments.unlearning.checkpoint import LoopResult
from experiments.unlearning.reason import Reason
from experiments.unlearning.rounds import split_requests, unlearn_rounds
from mari_theory.errors import require
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

SKEW = 0.7
"""A prior with a favourite, half of all answers: without one, accuracy on never-seen authors is luck, and a rule on it fires on noise."""
DROP = 0.03
"""Share of the held-out accuracy that may be lost over the whole sequence."""


def how_it_ended(result: LoopResult) -> str:
    """In a few words."""
    if result.stopped is Reason.ALL_STEPS:
        return f"all {result.steps} steps"
    return f"stopped at step {result.steps}{', accuracy' if result.stopped is Reason.HOLDOUT_ACCURACY else ''}"


def certified(bank: HeldModels, p: str, q: str, prompts: list[list[int]], draws: int, confidence: float) -> float:
    """Certified upper end of the JSD of one sampled answer."""
    return sample_pair(bank, [p], [q], prompts, draws, 2, (0, 1)).jsd(confidence).interval.upper


def main(argv: list[str] | None = None) -> int:
    """Write docs/results/rounds.md."""
    parser = argparse.ArgumentParser(prog="mari bench rounds", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/rounds.md"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few steps, to see that it runs")
    args = parser.parse_args(argv)
    require(args.rounds >= 1, "--rounds", "a number at least 1", args.rounds)
    began = time.perf_counter()
    quiet()
    torch.set_num_threads(2)
    steps, draws = (40, 300) if args.quick else (800, 4000)
    corpus = generate(30, 64, 128, skew=SKEW, seed=61)
    tokenizer = tiny_tokenizer(corpus)
    bank = train_pair(tokenizer, corpus, steps)
    requests = split_requests(corpus, args.rounds)
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget])
    heads = [f"request {k + 1}: forget p after each round" for k in range(args.rounds)]
    lines = [
        f"| method | {' | '.join(heads)} | held-out accuracy before: after each | retain p | exact JSD to the oracle | T13 from the rounds' certificates | certified directly | exact |",
        "|" + " --- |" * (7 + len(heads)),
    ]
    for label, (kind, settings) in METHODS.items():
        loop = LoopSettings(
            max(5, steps // 8),
            1e-3,
            stop_at_holdout=True,
            stop_accuracy_drop=DROP,
            evaluate_every=5,
            evaluate_items=768,
        )
        models, results = unlearn_rounds(
            bank.models["original"], tokenizer, corpus, requests, make_method(kind, **settings), loop
        )
        for k, model in enumerate(models):
            bank.models[f"round {k}"] = model
        names = ["original", *(f"round {k}" for k in range(len(models)))]
        # Each of the K rounds and the direct one take an equal share of 5 % (T20).
        level = 1.0 - 0.05 / (len(models) + 1)
        steps_up = [certified(bank, a, b, prompts, draws, level) for a, b in pairwise(names)]
        direct = certified(bank, "original", names[-1], prompts, draws, level)
        exact, oracle = (
            np.mean(enumerate_divergence(bank, [a], [names[-1]], prompts, 1e-4)) for a in ("original", "oracle")
        )
        cells = []
        for k, request in enumerate(requests):
            path = [item_scores(bank.use(n), tokenizer, request).probability.mean() for n in names[1:]]
            cells.append(f"{' '.join(f'{v:.2f}' for v in path)} ({how_it_ended(results[k])})")
        last = [r.history[-1]["holdout_accuracy"] for r in results]
        retain = item_scores(bank.use(names[-1]), tokenizer, corpus.retain).probability.mean()
        lines.append(
            f"| {label} | {' | '.join(cells)} | {results[0].history[0]['holdout_accuracy']:.3f}: {' '.join(f'{x:.3f}' for x in last)} | {retain:.3f} | {oracle:.4f} | {rounds_bound(steps_up):.4f} | {direct:.4f} | {exact:.4f} |"
        )
    unseen = item_scores(bank.use("oracle"), tokenizer, corpus.forget).probability.mean()
    page = [
        "# Requests one after another",
        "",
        f"{args.rounds} requests of {30 // args.rounds} authors each, answers of which {100 * corpus.prior[0]:.0f} % are their question's favourite; {max(5, steps // 8)} steps a round at most, a round ends where its forget loss reaches the never-seen holdout's, or where the share of the holdout's answer tokens that greedy decoding gets right has fallen by more than {100 * DROP:g} % since the first round began (Forgetting-MarI's rule). An earlier request whose probability rises in a later round is being relearnt; the oracle's is {unseen:.2f}. The last three columns are the divergence between the original and the final model on all forget prompts: bounded from the rounds' certificates (square roots add, T13; all certificates together at 95 %), certified directly, and exact.",
        "",
        *lines,
        "",
    ]
    write_page(
        args.out,
        page,
        f"mari bench rounds{' --quick' if args.quick else ''}",
        f", {(time.perf_counter() - began) / 60:.0f} min.",
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
