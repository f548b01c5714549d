"""Every row of a request against the oracles, and what a reference knows of the answers."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.config import RunConfig, load_config
from experiments.data.encoding import Encoded, answer_log_probs, encode, encode_twins, many_prompt_ids
from experiments.labels import slug
from experiments.measures.detectors import auc, either_way
from experiments.measures.items import item_scores
from experiments.measures.pair import Plan, sample_pair
from experiments.methods.signals import masked, mean_answer
from experiments.models.banks import open_bank
from experiments.models.passes import slices
from experiments.studies.audits import finished_audit, short_row
from experiments.studies.base import Settings
from experiments.studies.matched.page import ModelRow
from experiments.studies.matched.rows import RETRAINED, TOFU, real, toy
from experiments.studies.methods.protocol import author_means, train
from experiments.unlearning.roles import Oracle, oracle_arm, oracle_names
from experiments.unlearning.train import train_one
from mari_theory.certificates.files import write_text
from mari_theory.errors import require

ANSWERS = 200
"""Answers an arm on SmolLM2's generated authors."""


def measure_models(
    config: RunConfig, run: Path, draws: int, longest: int, ends: tuple[str, ...] | None = None
) -> dict[str, ModelRow]:
    """Train what is missing and measure the original, every row and the oracles (`ends`: these instead), each kept once measured."""
    train(config, run)
    bank, corpus = open_bank(config, run), config.make_corpus()
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    oracles, out = [slug(o) for o in oracle_names(config)], {}
    last = ends if ends is not None else tuple(oracle_names(config))
    for name in ["original", *(m.label for m in config.methods), *last]:
        path = run / "models" / f"{slug(name)}-measured.json"
        if not path.is_file():
            print(f"measuring {name}", file=sys.stderr, flush=True)
            arm = oracle_arm(oracles, slug(name))
            estimate = sample_pair(bank, arm, [slug(name)], prompts, Plan(draws, longest, (1, 2))).jsd(
                config.confidence
            )
            forget, retain, holdout = (
                item_scores(bank.use(slug(name)), bank.tokenizer, x, config.unlearn.max_answer)
                for x in corpus.splits().values()
            )
            record = json.loads((run / "models" / f"{slug(name)}.json").read_text(encoding="utf-8"))
            row = {
                "jsd": estimate.value,
                "lower": estimate.interval.lower,
                "upper": estimate.interval.upper,
                "by_question": either_way(auc(-forget.loss, -holdout.loss)),
                "by_author": either_way(
                    auc(-author_means(forget, corpus.forget), -author_means(holdout, corpus.holdout))
                ),
                "forget": forget.probability.mean(),
                "retain": retain.probability.mean(),
                "seconds": record["seconds"],
            }
            write_text(path, json.dumps({k: float(v) for k, v in row.items()}))
        out[name] = ModelRow(**json.loads(path.read_text(encoding="utf-8")))
    return out


def reference_losses(bank: Any, config: RunConfig) -> dict[str, float]:
    """How well each possible reference knows the forget answers: mean loss a token over the words twins share."""
    corpus, tokenizer, longest = config.make_corpus(), bank.tokenizer, config.unlearn.max_answer
    rng = np.random.default_rng(0)
    items = [corpus.matched(i, rng) for i in corpus.forget]
    twins = encode_twins(tokenizer, corpus.forget, items, longest)
    own = masked(encode(tokenizer, corpus.forget, longest), twins.answer_mask)
    rest: list[tuple[str, str, Encoded]] = []
    if config.model.kind != "tiny":
        questions = [replace(t, prompt=f"Tell me about {t.owner}.") for t in items]
        bare = encode_twins(tokenizer, corpus.forget, questions, longest)
        rest = [
            ("the original, of a made-up name, only to tell about it", "original", bare),
            ("the model before fine-tuning, of the forget subject", "base", own),
        ]
    out = {}
    for label, name, data in (
        ("the original, of the forget subject", "original", own),
        ("the original, of a made-up name", "original", twins),
        *rest,
        ("an oracle, of the forget subject", "oracle-0", own),
    ):
        model = bank.use(name)
        with torch.no_grad():
            losses = [-mean_answer(answer_log_probs(model, part), part) for part in slices(data, 16, model)]
        out[label] = float(torch.cat(losses).mean())
    return out


def retrain(config: RunConfig, run: Path, steps: int) -> str:
    """A retraining of so many steps and a seed of its own, beside the other models of the run; returns its name."""
    name, role = f"retrained, {steps} of {config.train.steps} steps", Oracle(config.oracle_count)
    own = run / f"retrained-{steps}"
    (own / "models").mkdir(parents=True, exist_ok=True)
    train_one(config.model_copy(update={"train": config.train.changed({"steps": steps})}), own, role)
    for kind in ("json", "safetensors"):
        shutil.copy(own / "models" / f"{role.name}.{kind}", run / "models" / f"{slug(name)}.{kind}")
    return name


def measure_toy(settings: Settings) -> dict[str, Any]:
    """Sentence answers on the toy."""
    config, draws = toy(settings.quick), 300 if settings.quick else 4000
    rows = measure_models(config, settings.run / "toy", draws, 8)
    losses = reference_losses(open_bank(config, settings.run / "toy"), config)
    return {**authors_of(config), "draws": draws, "rows": plain_rows(rows), "losses": losses}


def measure_authors(settings: Settings) -> dict[str, Any]:
    """SmolLM2 on generated authors."""
    config = real()
    rows = measure_models(config, settings.run / "smollm2", ANSWERS, 14)
    steps = {"training_steps": config.train.steps, "steps": config.unlearn.steps}
    return {**authors_of(config), **steps, "draws": ANSWERS, "rows": plain_rows(rows)}


def authors_of(config: RunConfig) -> dict[str, int]:
    """Authors of each set."""
    return {"forget": config.corpus.forget, "retain": config.corpus.retain, "holdout": config.corpus.holdout}


def plain_rows(rows: dict[str, ModelRow]) -> dict[str, Any]:
    """As the data file holds it."""
    return {name: asdict(m) for name, m in rows.items()}


def measure_tofu(settings: Settings) -> dict[str, Any] | None:
    """The rows of a finished audit, and the same request matched with the model before fine-tuning; None without that audit."""
    folder, run = settings.folder("smollm2"), settings.run / "tofu"
    audit = finished_audit(folder)
    if audit is None:
        return None
    config = load_config("smollm2", folder / "config.yaml").model_copy(update={"methods": TOFU})
    require(
        config.make_corpus().name == audit.corpus.name,
        "corpus",
        f"{audit.corpus.name}, as in the audit (set MARI_TOFU)",
        "another corpus",
    )
    (run / "models").mkdir(parents=True, exist_ok=True)
    for name in ("original", *oracle_names(config)):
        for kind in ("json", "safetensors"):
            shutil.copy(folder / "models" / f"{slug(name)}.{kind}", run / "models")
    ends = (*(retrain(config, run, steps) for steps in RETRAINED), "oracle-0")
    rows = measure_models(config, run, config.scoring.draws, config.scoring.max_new, ends)
    keys = ("name", "lower", "upper", "best_attack", "forget_probability", "retain_probability")
    return {
        "corpus": audit.corpus.name,
        "steps": config.unlearn.steps,
        "losses": reference_losses(open_bank(config, run), config),
        "audit": [{k: v for k, v in short_row(row).items() if k in keys} for row in audit.rows],
        "rows": plain_rows(rows),
    }
