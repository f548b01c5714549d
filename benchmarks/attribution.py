"""Does an answer still tell whose data it came from? The classifier DareU lowers, and one retrained on each model's own answers.

`mari bench attribution`. Reads the models of a finished `mari bench methods`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import spearmanr

from benchmarks.methods import open_study, spread
from benchmarks.pages import write_page
from experiments.config import RunConfig, slug
from experiments.measures.sampling import draw
from experiments.methods.attribution import Attribution, deattribution, frozen_attribution
from experiments.unlearning.roles import oracle_names
from mari_theory.errors import require

DRAWS = 16_000
"""Answers a model: half to retrain on, a quarter to choose the penalty, a quarter to test."""


@lru_cache(maxsize=1)
def judge(config_json: str) -> Attribution:
    """The classifier DareU works against, fitted before unlearning; one a process."""
    return frozen_attribution(RunConfig.model_validate_json(config_json).make_corpus(), "question-and-answer")


def measure(config_json: str, run: str, name: str) -> dict[str, Any]:
    """Both classifiers on the sampled answers of one model to the forget questions."""
    study = open_study(config_json, run)
    drawn = draw(study.bank, [slug(name)], study.prompts["forget"], DRAWS, study.config.scoring.max_new, 17)
    answers = [study.bank.tokenizer.decode(o, skip_special_tokens=True) for o in drawn.outputs]
    made = asdict(deattribution(judge(config_json), study.corpus.forget, drawn.prompt_index.tolist(), answers))
    known = json.loads((Path(run) / "models" / f"{slug(name)}-measured.json").read_text(encoding="utf-8"))
    return made | {"exact": known["exact"]}


def table(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A row a method, means over its models, by the information an answer carries."""
    lines = [
        "| model | frozen classifier, p(owner) | retrained, right | chance | I(owner; answer), nats | at least | JSD to oracle, exact |",
        "|" + " --- |" * 7,
    ]
    for name, rows in sorted(found.items(), key=lambda kv: mean(kv[1], "information")):
        cells = [f"{mean(rows, k):.3f}" for k in ("frozen", "accuracy", "chance", "information", "information_lower")]
        exact = f"{mean(rows, 'exact'):.4f}"
        lines.append(f"| {' | '.join([name, *cells, exact])} |")
    return lines


def mean(rows: Sequence[dict[str, Any]], key: str) -> float:
    """Mean of a column."""
    return float(np.mean([r[key] for r in rows]))


def verdict(found: dict[str, list[dict[str, Any]]]) -> str:
    """Is a low score of the frozen classifier a low information?"""
    floor = mean(found["oracles"], "information")
    score = mean(found["oracles"], "frozen")
    rest = {k: v for k, v in found.items() if k not in ("oracles", "original")}
    fooled = [k for k, v in rest.items() if mean(v, "frozen") <= score and mean(v, "information_lower") > 0]
    quiet = [k for k, v in rest.items() if mean(v, "information_lower") == 0]
    frozen, information = (np.array([mean(v, key) for v in rest.values()]) for key in ("frozen", "information"))
    agree = spearmanr(frozen, information).statistic
    return (
        f"Oracles: frozen score {score:.3f}, information {floor:.3f} nats (the retrained classifier's own noise). The two classifiers rank the {len(rest)} methods with "
        f"Spearman's correlation {agree:.2f}. No information certified: {'; '.join(quiet) or 'none'}. Frozen score no higher than an oracle's and yet information certified in the answers: "
        f"{'; '.join(fooled) or 'none'}."
    )


def main(argv: list[str] | None = None) -> int:
    """Write docs/results/attribution.md."""
    parser = argparse.ArgumentParser(prog="mari bench attribution", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/attribution.md"))
    parser.add_argument("--run", type=Path, default=Path("runs/methods"), help="a finished `mari bench methods`")
    args = parser.parse_args(argv)
    report = args.run / "report"
    require((report / "config.yaml").is_file(), "--run", "a finished `mari bench methods`", args.run)
    began = time.perf_counter()
    config = RunConfig(**yaml.safe_load((report / "config.yaml").read_text(encoding="utf-8")))
    names = {"original": "original", **dict.fromkeys(oracle_names(config), "oracles")}
    names |= {m.label: m.label.rpartition(" seed ")[0] for m in config.methods if m.seed == 0}
    made = spread(config, report, measure, list(names))
    found: dict[str, list[dict[str, Any]]] = {}
    for name, label in names.items():
        found.setdefault(label, []).append(made[name])
    corpus = config.make_corpus()
    owners = len({i.owner for i in corpus.forget})
    lines = [
        "# Whose data was it?",
        "",
        f"{owners} forget authors, {len(corpus.forget)} questions, {DRAWS:,} sampled answers a model, the first seed of every method. The frozen classifier reads question and answer and was fitted before unlearning: it is what DareU lowers. "
        "The retrained one reads the answer alone and is fitted on the model's own answers; what it tells about the owner is a lower bound on I(owner; answer) (Barber and Agakov 2003), "
        f"`at least` certified at 95 % for each model, in nats (ln {owners} = {np.log(owners):.2f} would tell everything). A score driven down is Goodhart's number; the retrained one is the check.",
        "",
        *table(found),
        "",
        verdict(found),
        "",
    ]
    write_page(
        args.out,
        lines,
        "mari bench attribution",
        f", {(time.perf_counter() - began) / 60:.0f} min, models of `mari bench methods`.",
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
