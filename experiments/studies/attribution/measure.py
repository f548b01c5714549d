"""Both classifiers on sampled answers of every model of the methods study."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import yaml

from experiments.config import MethodConfig, RunConfig, slug
from experiments.measures.sampling import draw
from experiments.methods.attribution import Attribution, deattribution, frozen_attribution
from experiments.studies.methods.protocol import measure_model, open_measurements, request, spread, train
from experiments.unlearning.roles import oracle_names
from mari_theory.errors import require

DRAWS = 16_000
"""Answers a model: half to retrain on, a quarter to choose the penalty, a quarter to test."""


@lru_cache(maxsize=1)
def judge(config_json: str) -> Attribution:
    """The classifier DareU works against, fitted before unlearning; one a process."""
    return frozen_attribution(RunConfig.model_validate_json(config_json).make_corpus(), "question-and-answer")


def attribution_row(draws: int, config_json: str, run: str, name: str) -> dict[str, Any]:
    """Both classifiers on the sampled answers of one model to the forget questions."""
    m = open_measurements(config_json, run)
    sample = draw(m.bank, [slug(name)], m.prompts["forget"], draws, m.config.scoring.max_new, 17)
    answers = [m.bank.tokenizer.decode(o, skip_special_tokens=True) for o in sample.outputs]
    row = asdict(deattribution(judge(config_json), m.corpus.forget, sample.prompt_index.tolist(), answers))
    record = json.loads((Path(run) / "models" / f"{slug(name)}-measured.json").read_text(encoding="utf-8"))
    return row | {"exact": record["exact"]}


def method_models(run: Path) -> Path:
    """The report request of a finished methods study. Raises `ArgumentError` where there is none."""
    report = run / "report"
    require((report / "config.yaml").is_file(), "methods", "the run folder of a finished `mari study methods`", run)
    return report


def few_models(run: Path) -> Path:
    """A report request of one method and few steps, trained and measured here."""
    report = run / "report"
    label = "gradient ascent"
    method = MethodConfig(label=f"{label} seed 0", name="gradient-ascent", loop={"stop_at_holdout": True})
    config = request(12, 3, [method], quick=True)
    train(config, report)
    spread(config, report, measure_model, ["original", method.label, *oracle_names(config)])
    return report


def attributions(report: Path, origin: str, draws: int = DRAWS) -> dict[str, Any]:
    """Model -> what both classifiers say, a row a model: the first seed of every method, the original, all oracles."""
    config = RunConfig(**yaml.safe_load((report / "config.yaml").read_text(encoding="utf-8")))
    names = {"original": "original", **dict.fromkeys(oracle_names(config), "oracles")}
    names |= {m.label: m.label.rpartition(" seed ")[0] for m in config.methods if m.seed == 0}
    results = spread(config, report, partial(attribution_row, draws), list(names))
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, label in names.items():
        rows.setdefault(label, []).append(results[name])
    corpus = config.make_corpus()
    return {
        "owners": len({i.owner for i in corpus.forget}),
        "questions": len(corpus.forget),
        "draws": draws,
        "models": origin,
        "rows": rows,
    }
