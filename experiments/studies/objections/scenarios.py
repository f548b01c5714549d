"""Other scenarios: verbatim text, questions with short and long answers, a preference of domain; six methods with the same settings everywhere."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from experiments.config import LoopSettings
from experiments.data.encoding import encode, many_prompt_ids
from experiments.data.generated import generate
from experiments.data.items import Corpus
from experiments.data.passages import passages
from experiments.labels import slug
from experiments.measures.detectors import auc, either_way
from experiments.measures.items import item_scores
from experiments.measures.pair import score_pair
from experiments.measures.sampling import draw
from experiments.methods import make_method
from experiments.methods.base import Reference
from experiments.models.passes import full_pass_mean
from experiments.models.tiny import tiny_tokenizer
from experiments.studies.base import Settings, markdown_table
from experiments.studies.toy import train_pair
from experiments.unlearning.loop import Task, Watch, run_loop
from mari_theory import marginal_information
from mari_theory.certificates.files import write_text
from mari_theory.rounding import span

TITLE = "Other scenarios: verbatim text, questions, a preference of domain"
NEEDS = ""
HEADS = [
    "scenario",
    "model",
    "certified JSD to oracle",
    "loss attack AUC",
    "forget exact",
    "retain exact",
    "pooled information",
]
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "retain-only (control)": ("retain-only", {}),
    "GradDiff 0.01": ("grad-diff", {"gamma": 0.01}),
    "NPO 0.1": ("npo", {"gamma": 0.1}),
    "MarI pooled 10": ("mari-pooled", {"penalty": 10.0}),
    "MarI matched 10": ("mari-matched", {"penalty": 10.0}),
    "MarI matched 10, losses 0.4": ("mari-matched", {"penalty": 10.0, "match_loss": 0.4}),
}
SCENARIOS: dict[str, Callable[[], Corpus]] = {
    "questions, one-token answers": lambda: generate(32, 64, 128, seed=41),
    "questions, sentences": lambda: generate(32, 64, 128, sentences=True, seed=42),
    "preference of domain (own prior)": lambda: generate(32, 64, 128, skew=(0.0, 0.7), seed=43),
    "verbatim text, 8 words": lambda: passages(44),
}


def measure(settings: Settings) -> dict[str, Any]:
    """Every scenario, each kept in the run folder once measured."""
    steps, draws = (40, 300) if settings.quick else (700, 3000)
    rows, earlier = [], 0
    for label in list(SCENARIOS)[: 1 if settings.quick else None]:
        path = settings.run / f"{slug(label)}-{steps}-{draws}.json"
        if path.is_file():
            earlier += 1
        else:
            print(label, file=sys.stderr, flush=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            methods = dict(list(METHODS.items())[: 2 if settings.quick else None])
            write_text(path, json.dumps(scenario_rows(label, methods, steps, draws)))
        rows += json.loads(path.read_text(encoding="utf-8"))
    return {"steps": steps, "unlearning_steps": max(5, steps // 5), "draws": draws, "earlier": earlier, "rows": rows}


def scenario_rows(
    label: str, methods: Mapping[str, tuple[str, dict[str, Any]]], steps: int, draws: int
) -> list[dict[str, Any]]:
    """The original and every method against the oracle, on one scenario."""
    corpus = SCENARIOS[label]()
    tokenizer = tiny_tokenizer(generate(1, 1, 1, sentences=True))
    bank = train_pair(tokenizer, corpus, steps)
    for name, (kind, settings) in methods.items():
        model, method = copy.deepcopy(bank.models["original"]), make_method(kind, **settings)
        model.requires_grad_(True)
        original = None if method.reference is Reference.NONE else bank.models["original"].eval()
        loop = LoopSettings(max(5, steps // 5), 1e-3)
        run_loop(
            Task(model, tokenizer, corpus, corpus.retain, method, original), loop, Watch(evaluate=False, label=name)
        )
        bank.models[name] = model
    prompts = many_prompt_ids(tokenizer, [i.prompt for i in corpus.forget])
    longest = 2 + max(len(i.answer.split()) for i in corpus.forget)
    share = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    of_oracle = draw(bank, ["oracle"], prompts, draws, longest, 1)
    rows = []
    for name in ("original", *methods):
        own = draw(bank, [name], prompts, draws, longest, 2)
        jsd = score_pair(bank, ["oracle"], [name], prompts, (of_oracle, own)).jsd(0.95).interval
        forget, retain, holdout = (item_scores(bank.use(name), tokenizer, x) for x in corpus.splits().values())
        area = either_way(auc(-forget.loss, -holdout.loss))
        laws = [full_pass_mean(bank.use(name), encode(tokenizer, x)) for x in (corpus.retain, corpus.forget)]
        information = float(marginal_information(laws[0], laws[1], share))
        rows.append(
            {
                "scenario": label,
                "model": name,
                "lower": jsd.lower,
                "upper": jsd.upper,
                "attack": float(area),
                "forget_exact": float(forget.exact.mean()),
                "retain_exact": float(retain.exact.mean()),
                "information": information,
            }
        )
    return rows


def part(n: Mapping[str, Any]) -> list[str]:
    """Set-up and table."""
    rows = [
        f"| {r['scenario']} | {r['model']} | {span(r['lower'], r['upper'])} | {r['attack']:.3f} | {r['forget_exact']:.2f} | {r['retain_exact']:.2f} | {r['information']:.5f} |"
        for r in n["rows"]
    ]
    return [
        f"One original and one oracle each, {n['steps']} training steps, {n['unlearning_steps']} unlearning steps, the same settings everywhere; certified from {n['draws']} sampled whole answers an arm at 95 %, one seed.",
        "",
        *markdown_table(HEADS),
        *rows,
    ]
