"""Utility on general text: perplexity and next-token accuracy on running text that no fine-tuning has seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.config import load_config
from experiments.data.running_text import running_texts
from experiments.data.tofu import load_tofu_questions, tofu_folder
from experiments.labels import slug
from experiments.measures.items import item_scores
from experiments.measures.memorisation import general_utility
from experiments.models.banks import open_bank
from experiments.studies.audits import finished_audit
from experiments.studies.base import Settings, markdown_table
from mari_theory.errors import require

TITLE = "Utility on general text"
NEEDS = "a finished `mari audit --preset smollm2`"


def measure(settings: Settings) -> dict[str, Any] | None:
    """From the models of a finished audit of SmolLM2."""
    run = settings.folder("smollm2")
    audit = finished_audit(run)
    if audit is None:
        return None
    config = load_config("smollm2", run / "config.yaml")
    bank, texts = open_bank(config, run), running_texts()
    corpus = config.make_corpus().name
    require(
        corpus == audit.corpus.name,
        "corpus",
        f"{audit.corpus.name}, which the run's models were trained on (set MARI_TOFU)",
        corpus,
    )
    folder = tofu_folder(config.corpus.folder)
    items = {n: load_tofu_questions(folder, n)[:30] for n in ("real_authors", "world_facts")} if folder else {}
    rows = {}
    for name in ("base", "original", "oracle-0", *(m.label for m in config.methods)):
        model = bank.use(slug(name))
        utility = general_utility(model, bank.tokenizer, texts)
        means = {k: float(item_scores(model, bank.tokenizer, x).probability.mean()) for k, x in items.items()}
        rows[name] = {
            "perplexity": utility.perplexity,
            "accuracy": utility.accuracy,
            "tokens": utility.tokens,
            "known": means,
        }
    return {"rows": rows}


def part(n: Mapping[str, Any]) -> list[str]:
    """Table, and what the text is."""
    rows: Mapping[str, Mapping[str, Any]] = n["rows"]
    heads = [f"{k.replace('_', ' ')}, p(answer)" for k in rows["base"]["known"]]
    lines = markdown_table(["model", "perplexity", "next-token accuracy", "tokens", *heads])
    for name, r in rows.items():
        cells = [name, f"{r['perplexity']:.2f}", f"{r['accuracy']:.3f}", str(r["tokens"])]
        lines.append(f"| {' | '.join([*cells, *(f'{p:.3f}' for p in r['known'].values())])} |")
    return [
        *lines,
        "",
        "Text: docstrings of Python's standard library, never trained on in any fine-tuning here (pretraining has surely seen them). `base` is the model before the original's fine-tuning.",
    ]
