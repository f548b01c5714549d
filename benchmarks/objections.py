"""Reviewers' objections to marginal-information unlearning, each answered by numbers this command makes.

`mari bench objections`. Reads finished audits (`mari audit --preset tiny`, `--preset smollm2`) where a section is about them; a section whose run is
missing says so and how to make it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from benchmarks.pages import write_page
from benchmarks.toy import train_pair
from estimators import certify_likelihood_ratio, certify_path_information
from experiments.config import LoopSettings, load_config, slug
from experiments.data.encoding import Encoded, encode, encode_ids, many_prompt_ids
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.data.passages import passages
from experiments.data.tofu import load_tofu_questions, tofu_folder
from experiments.measures.detectors import auc, either_way
from experiments.measures.items import item_scores
from experiments.measures.memorisation import general_texts, general_utility
from experiments.measures.pair import score_pair
from experiments.measures.sampling import draw
from experiments.methods import make_method
from experiments.methods.base import Batch, needs_reference
from experiments.models.load import quiet
from experiments.models.passes import full_pass_mean
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.unlearning.loop import run_loop
from experiments.unlearning.train import open_bank
from mari_theory import jensen_shannon, marginal_information
from mari_theory.certificates.files import write_text
from mari_theory.errors import require
from mari_theory.families import MARKOV_PAIRS

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "retain-only (control)": ("retain-only", {}),
    "GradDiff 0.01": ("grad-diff", {"gamma": 0.01}),
    "NPO 0.1": ("npo", {"gamma": 0.1}),
    "MarI pooled 10": ("mari-pooled", {"penalty": 10.0}),
    "MarI matched 10": ("mari-matched", {"penalty": 10.0}),
    "MarI matched 10, losses 0.4": ("mari-matched", {"penalty": 10.0, "match_loss": 0.4}),
}
COSTS = ("gradient-ascent", "grad-diff", "npo", "mari-pooled", "mari-tokenwise", "mari-matched")
PASSAGE = 8
SECTIONS = {
    "marginal": "Is marginal unlearning the same as full unlearning?",
    "general-text": "Utility on general text",
    "scenarios": "Other scenarios: verbatim text, questions, a preference of domain",
    "detectors": "Does the bound hold against measured detectors, and how close is it?",
    "cost": "Cost of a step, and how it grows",
    "stability": "Is the estimate stable on long and mixed sequences?",
}


def results_of(run: Path) -> dict[str, Any] | None:
    """results.json of a finished audit."""
    path = run / "results.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def marginal_against_full(results: dict[str, Any]) -> list[str]:
    """Pooled marginal information beside the distance to the oracle."""
    lines = [
        "| model | pooled marginal information | its floor | forget exact | certified JSD to oracle | best attack AUC |",
        "|" + " --- |" * 6,
    ]
    pooled, distance = [], []
    for r in results["rows"]:
        claim = r["certificates"]["oracle"]["claim"]
        pooled.append(r["marginal"]["value"])
        distance.append(claim["estimate"])
        lines.append(
            f"| {r['name']} | {r['marginal']['value']:.5f} | {r['marginal']['floor']:.5f} | {r['forget_exact']:.2f} | {claim['lower']:.4f} to {claim['upper']:.4f} | {r['best_attack']:.3f} |"
        )
    rank = spearmanr(pooled, distance)
    return [
        *lines,
        "",
        f"Rank correlation of the two columns over {len(pooled)} models: {rank.statistic:.2f} (p = {rank.pvalue:.2f}). Marginal unlearning asks that the forget set add nothing to the *average* answer; full unlearning asks for the retrained model's answer to *each* question (T26).",
    ]


def bound_against_detectors(results: dict[str, Any]) -> list[str]:
    """Certified accuracy ceiling beside the best detector's accuracy on held-out rows."""
    lines = [
        "| model | accuracy at most (certified) | best detector | its accuracy, held-out rows | unused |",
        "|" + " --- |" * 5,
    ]
    worst = 0.0
    for r in results["rows"]:
        ceiling = r["certificates"]["oracle"]["implies"]["max_accuracy"]
        name, found = max(r["origin"]["oracle"].items(), key=lambda kv: kv[1]["accuracy"])
        worst = max(worst, found["accuracy"] - ceiling)
        lines.append(
            f"| {r['name']} | {ceiling:.4f} | {name} | {found['accuracy']:.4f} | {ceiling - found['accuracy']:+.4f} |"
        )
    verdict = (
        "No detector exceeds its ceiling."
        if worst <= 0
        else f"A detector's point estimate exceeds its ceiling by {worst:.4f}: see the run's problems."
    )
    return [
        *lines,
        "",
        f"{verdict} The optimal likelihood ratio is among the detectors, so what stays unused is the bound's looseness (T5 is sharp in the worst case, not for every pair) plus the interval's width.",
    ]


def general_text(run: Path, trained: str) -> list[str]:
    """Perplexity and next-token accuracy on running text no fine-tuning has seen."""
    config = load_config("smollm2", run / "config.yaml")
    bank, texts = open_bank(config, run), general_texts(8)
    name = config.make_corpus().name
    require(name == trained, "corpus", f"{trained}, which the run's models were trained on (set MARI_TOFU)", name)
    folder = tofu_folder(config.corpus.folder)
    asked = {n: load_tofu_questions(folder, n)[:30] for n in ("real_authors", "world_facts")} if folder else {}
    heads = [
        "model",
        "perplexity",
        "next-token accuracy",
        "tokens",
        *(f"{n.replace('_', ' ')}, p(answer)" for n in asked),
    ]
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for name in ("base", "original", "oracle-0", *(m.label for m in config.methods)):
        print(f"general text: {name}", file=sys.stderr)
        model = bank.use(slug(name))
        made = general_utility(model, bank.tokenizer, texts)
        known = [f"{item_scores(model, bank.tokenizer, x).probability.mean():.3f}" for x in asked.values()]
        lines.append(
            f"| {' | '.join([name, f'{made.perplexity:.2f}', f'{made.accuracy:.3f}', str(made.tokens), *known])} |"
        )
    return [
        *lines,
        "",
        "Text: docstrings of Python's standard library, never trained on in any fine-tuning here (pretraining has surely seen them). `base` is the model before the original's fine-tuning.",
    ]


SCENARIOS: dict[str, Callable[[], Corpus]] = {
    "questions, one-token answers": lambda: generate(32, 64, 128, seed=41),
    "questions, sentences": lambda: generate(32, 64, 128, sentences=True, seed=42),
    "preference of domain (own prior)": lambda: generate(32, 64, 128, seed=43, forget_skew=0.7),
    "verbatim text, 8 words": lambda: passages(44),
}


def scenario_rows(label: str, steps: int, draws: int) -> list[str]:
    """Original, oracle and six methods on one scenario."""
    import copy

    corpus = SCENARIOS[label]()
    tokenizer = tiny_tokenizer(generate(1, 1, 1, sentences=True))
    bank = train_pair(tokenizer, corpus, steps)
    for name, (kind, settings) in METHODS.items():
        model, method = copy.deepcopy(bank.models["original"]), make_method(kind, **settings)
        model.requires_grad_(True)
        original = bank.models["original"].eval() if needs_reference(method) else None
        loop = LoopSettings(max(5, steps // 5), 1e-3)
        run_loop(
            model, tokenizer, corpus, list(corpus.retain), method, loop, evaluate=False, label=name, reference=original
        )
        bank.models[name] = model
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget])
    longest = 2 + max(len(i.answer.split()) for i in corpus.forget)
    share = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    of_oracle = draw(bank, ["oracle"], prompts, draws, longest, 1)
    rows = []
    for name in ("original", *METHODS):
        own = draw(bank, [name], prompts, draws, longest, 2)
        jsd = score_pair(bank, ["oracle"], [name], prompts, (of_oracle, own)).jsd(0.95).interval
        forget, retain, unseen = (item_scores(bank.use(name), tokenizer, x) for x in corpus.splits().values())
        area = either_way(auc(-forget.loss, -unseen.loss))
        laws = [full_pass_mean(bank.use(name), encode(tokenizer, x)) for x in (corpus.retain, corpus.forget)]
        information = float(marginal_information(laws[0], laws[1], share))
        rows.append(
            f"| {label} | {name} | {jsd.lower:.4f} to {jsd.upper:.4f} | {area:.3f} | {forget.exact.mean():.2f} | {retain.exact.mean():.2f} | {information:.5f} |"
        )
    return rows


def cost_batch(vocab: int, length: int, items: int, rng: np.random.Generator) -> Batch:
    """Random tokens of the given shape on every side."""

    def part(n: int) -> Encoded:
        made = [
            ([int(x) for x in rng.integers(3, vocab, 8)], [int(x) for x in rng.integers(3, vocab, length)])
            for _ in range(n)
        ]
        return encode_ids(made, 1, ("k",) * n)

    keep, retain, forget, matched = part(2 * items), part(items), part(items), part(items)
    return Batch(lambda: keep, lambda: retain, lambda: forget, lambda: matched, lambda: forget)


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
            kept: dict[int, int] = {}

            def pack(x: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
                kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
                return x

            began = time.perf_counter()
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
                loss, _ = method.loss(model, batch, old)
            loss.backward()
            times[name].append(time.perf_counter() - began)
            model.zero_grad()
            memory[name] = sum(kept.values()) / 2**20
    return {name: (float(np.median(times[name][1:])), memory[name]) for name in COSTS}


def cost_table(quick: bool) -> list[str]:
    """Each method's step over GradDiff's, at growing vocabulary, length and batch."""
    shapes = [(1024, 16, 16), (8192, 16, 16), (49152, 16, 16), (8192, 64, 16), (8192, 16, 64)]
    lines = [
        f"| vocabulary, answer tokens, forget items | GradDiff step | {' | '.join(n for n in COSTS if n != 'grad-diff')} |",
        "|" + " --- |" * (1 + len(COSTS)),
    ]
    for shape in shapes[: 1 if quick else None]:
        made = step_cost(*shape, repeats=2 if quick else 5)
        base = made["grad-diff"]
        cells = [
            f"{made[n][0] / base[0]:.2f} x time, {made[n][1] / base[1]:.2f} x memory" for n in COSTS if n != "grad-diff"
        ]
        lines.append(
            f"| {', '.join(f'{x:,}' for x in shape)} | {base[0]:.3f} s, {base[1]:.0f} MiB | {' | '.join(cells)} |"
        )
    return [
        *lines,
        "",
        "Forward and backward of one step of a 64-wide two-layer decoder, so the vocabulary's share of the cost is far larger than in a real model; memory is what autograd keeps for the backward pass. Medians of interleaved repeats, as ratios.",
    ]


def logging_overhead(repeats: int) -> str:
    """Loss and full-pass marginal information logged every ten steps, over the same run without; interleaved, medians."""
    corpus = generate(32, 64, 128)
    tokenizer = tiny_tokenizer(corpus)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for log in times:
            model, began = tiny_model(len(tokenizer)), time.perf_counter()
            run_loop(
                model,
                tokenizer,
                corpus,
                corpus.retain,
                make_method("mari-pooled"),
                LoopSettings(steps=50),
                evaluate=log,
            )
            times[log].append(time.perf_counter() - began)
    share = float(np.median(times[True])) / float(np.median(times[False])) - 1.0
    return f"Logging the losses and the marginal information of full passes every ten steps adds {100 * share:.0f} % to a run of MarI on the toy ({repeats} interleaved pairs, medians)."


def stability_table(replicates: int) -> list[str]:
    """Spread of JSD estimates on short, long and mixed-length sequences with known divergence, and of the batch penalty."""
    lines = [
        "| sequences | exact JSD | likelihood ratio, n = 2,000: mean (sd), width | per-token sums, n = 2,000: mean (sd), width | misses of 95 % intervals |",
        "|" + " --- |" * 5,
    ]
    base, rng = MARKOV_PAIRS["two states"], np.random.default_rng(17)
    cases = {
        "2 tokens": (2,),
        "4 tokens": (4,),
        "8 tokens": (8,),
        "16 tokens": (16,),
        "2 or 16 tokens, half each": (2, 16),
    }
    for label, lengths in cases.items():
        chains = [replace(base, length=k) for k in lengths]
        exact = float(np.mean([c.jsd() for c in chains]))
        found: dict[str, list[tuple[float, float, bool]]] = {"ratio": [], "path": []}
        for _ in range(replicates):
            rows: list[tuple[Any, Any, Any, Any]] = []
            for arm in (0, 1):
                which = rng.integers(len(chains), size=1000)
                for k, c in enumerate(chains):
                    x = c.sample(arm, int((which == k).sum()), rng)
                    p, q = c.log_likelihoods(x)
                    rows.append((p, q, c.path_information(x), np.full(len(x), arm)))
            p, q, path, arms = (np.concatenate(column) for column in zip(*rows, strict=True))
            order = rng.permutation(len(p))
            for name, made in (
                ("ratio", certify_likelihood_ratio(p[order], q[order], arms[order], 0.95, design="iid").jsd),
                ("path", certify_path_information(path[order], arms[order], max(lengths), 0.95)),
            ):
                i = made.interval
                found[name].append((made.value, i.upper - i.lower, not i.lower <= exact <= i.upper))
        cells = [
            f"{np.mean([f[0] for f in found[k]]):.4f} ({np.std([f[0] for f in found[k]]):.4f}), {np.mean([f[1] for f in found[k]]):.4f}"
            for k in ("ratio", "path")
        ]
        misses = [sum(f[2] for f in found[k]) for k in ("ratio", "path")]
        lines.append(f"| {label} | {exact:.4f} | {' | '.join(cells)} | {misses[0]} and {misses[1]} of {replicates} |")
    lines += ["", *batch_stability(replicates)]
    return lines


def batch_stability(replicates: int) -> list[str]:
    """The minibatch penalty on items of very different laws: its mean, spread and the full-set value."""
    rng = np.random.default_rng(23)
    retain, forget = (rng.dirichlet(np.full(512, 0.02), 600) for _ in range(2))
    full = float(jensen_shannon(retain.mean(0), forget.mean(0)))
    lines = [
        f"Pooled JSD of 600 and 600 heterogeneous next-token laws over 512 symbols, full value {full:.5f}; from minibatches as a penalty sees it:",
        "",
        "| batch (each side) | mean | sd | over the full value | same, retain against retain subtracted |",
        "|" + " --- |" * 5,
    ]
    for size in (8, 32, 128, 512):
        values, floors = [], []
        for _ in range(5 * replicates):
            a, b = (x[rng.choice(600, size, replace=False)] for x in (retain, forget))
            c = retain[rng.choice(600, size, replace=False)]
            values.append(float(jensen_shannon(a.mean(0), b.mean(0))))
            floors.append(float(jensen_shannon(a.mean(0), c.mean(0))))
        mean = float(np.mean(values))
        debiased = mean - float(np.mean(floors))
        lines.append(f"| {size} | {mean:.5f} | {np.std(values):.5f} | {mean / full:.1f} x | {debiased:+.5f} |")
    return lines


def main(argv: list[str] | None = None) -> int:
    """Write docs/objections.md."""
    parser = argparse.ArgumentParser(prog="mari bench objections", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/objections.md"))
    parser.add_argument("--tiny", type=Path, default=Path("runs/tiny"), help="a finished `mari audit --preset tiny`")
    parser.add_argument(
        "--smollm2", type=Path, default=Path("runs/smollm2"), help="a finished `mari audit --preset smollm2`"
    )
    parser.add_argument("--run", type=Path, default=Path("runs/objections"), help="where measured scenarios are kept")
    parser.add_argument("--section", action="append", help=f"only this one (repeatable): {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="few steps and replicates, to see that it runs")
    args = parser.parse_args(argv)
    require(not args.out.is_dir(), "--out", "a file", args.out)
    began = time.perf_counter()
    quiet()
    torch.set_num_threads(2)
    tiny, real = results_of(args.tiny), results_of(args.smollm2)
    reused: list[str] = []
    steps, draws, replicates = (40, 300, 5) if args.quick else (700, 3000, 100)

    def missing(preset: str) -> list[str]:
        return [f"Not made in this run: no finished `mari audit --preset {preset}` was given."]

    def scenarios() -> list[str]:
        lines = [
            f"One original and one oracle each, {steps} training steps, {max(5, steps // 5)} unlearning steps, the same settings everywhere; certified from {draws} sampled whole answers an arm at 95 %, one seed.",
            "",
            "| scenario | model | certified JSD to oracle | loss attack AUC | forget exact | retain exact | pooled information |",
            "|" + " --- |" * 7,
        ]
        for label in SCENARIOS:
            kept = args.run / f"{slug(label)}-{steps}-{draws}.json"
            if kept.is_file():
                reused.append(label)
            else:
                print(label, file=sys.stderr)
                made = scenario_rows(label, steps, draws)
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_text(kept, json.dumps(made))
            lines += json.loads(kept.read_text(encoding="utf-8"))
        return lines

    makers: dict[str, Callable[[], list[str]]] = {
        "marginal": lambda: marginal_against_full(tiny) if tiny else missing("tiny"),
        "general-text": lambda: general_text(args.smollm2, real["corpus"]["name"]) if real else missing("smollm2"),
        "scenarios": scenarios,
        "detectors": lambda: bound_against_detectors(tiny) if tiny else missing("tiny"),
        "cost": lambda: [*cost_table(args.quick), "", logging_overhead(2 if args.quick else 9)],
        "stability": lambda: stability_table(replicates),
    }
    chosen = args.section or list(makers)
    for name in chosen:
        require(name in makers, "--section", ", ".join(makers), name)
    lines = [
        "# Objections, answered by numbers",
        "",
        "Every table below is made by the command at the end of the page; the sentences around the numbers are computed from them.",
        "",
    ]
    for name, title in SECTIONS.items():
        print(title, file=sys.stderr)
        body = (
            makers[name]() if name in chosen else [f"Not made in this run: `mari bench objections --section {name}`."]
        )
        lines += [f"## {title}", "", *body, ""]
    options = "".join(f" --section {name}" for name in args.section or []) + (" --quick" if args.quick else "")
    earlier = f"; {len(reused)} of the {len(SCENARIOS)} scenarios were measured in an earlier run" if reused else ""
    minutes = (time.perf_counter() - began) / 60
    write_page(args.out, lines, f"mari bench objections{options}", f", {minutes:.0f} min{earlier}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
