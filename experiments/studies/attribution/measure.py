"""Both classifiers on sampled answers of every model: of the methods study, or of a finished audit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tqdm import tqdm

from experiments.audit.results import Run
from experiments.config import MethodConfig, RunConfig
from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus, Item
from experiments.labels import slug
from experiments.measures.sampling import draw
from experiments.methods.attribution import Attribution, deattribution, frozen_attribution
from experiments.models.banks import open_bank
from experiments.studies.audits import finished_audit
from experiments.studies.methods.protocol import measure_model, request, spread, train
from experiments.unlearning.roles import oracle_names
from mari_theory.errors import require

DRAWS = 16_000
"""Answers a model: half to retrain on, a quarter to choose the penalty, a quarter to test."""
OTHERS = "the others"
"""Who stays, taken as one owner."""


@lru_cache(maxsize=1)
def judge(config_json: str) -> Attribution:
    """The classifier DareU works against, fitted before unlearning; one a process."""
    return frozen_attribution(RunConfig.model_validate_json(config_json).make_corpus(), "question-and-answer")


def questions(corpus: Corpus) -> list[Item]:
    """Those whose answers may tell an owner: the forget owners'; beside a single one's, as many of who stays, as one owner."""
    forget = list(corpus.forget)
    if len({i.owner for i in forget}) > 1:
        return forget
    places = np.linspace(0, len(corpus.retain) - 1, len(forget)).round().astype(int).tolist()
    return forget + [replace(corpus.retain[k], owner=OTHERS) for k in places]


def read_answers(config: RunConfig, run: Path, models: Sequence[str], draws: int) -> dict[str, Any]:
    """Both classifiers on the sampled answers of these models, each drawn as often as the others (T25)."""
    config_json, bank = config.model_dump_json(), open_bank(config, run)
    items = questions(config.audit_corpus())
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in items])
    sample = draw(bank, [slug(m) for m in models], prompts, draws, config.scoring.max_new, 17)
    answers = [bank.tokenizer.decode(o, skip_special_tokens=True) for o in sample.outputs]
    return asdict(deattribution(judge(config_json), items, sample.prompt_index.tolist(), answers))


def attribution_row(draws: int, config_json: str, run: str, name: str) -> dict[str, Any]:
    """One model of the methods study, and what was measured of it there."""
    row = read_answers(RunConfig.model_validate_json(config_json), Path(run), [name], draws)
    record = json.loads((Path(run) / "models" / f"{slug(name)}-measured.json").read_text(encoding="utf-8"))
    return row | {"exact": record["exact"]}


def audited(folder: Path, draws: int) -> dict[str, Any]:
    """The rows of a finished audit: originals, methods, and the retrained models of the floor. Raises `ArgumentError` where there is none."""
    run, rows = finished(folder), {}
    for row in tqdm(run.rows, disable=None):
        claim, label = row.oracle.claim, "oracles" if row.kind == "oracle" else row.name
        read = read_answers(run.config, folder, row.models, draws)
        rows[label] = [read | {"lower": claim.lower, "upper": claim.upper}]
    return described(run.config, draws, f"models of `mari audit --preset {run.config.preset}`", rows)


def finished(folder: Path) -> Run:
    """The audit in a folder. Raises `ArgumentError` where it has not been run to its end."""
    run = finished_audit(folder)
    require(run is not None, "smollm2", "the run folder of a finished `mari audit --preset smollm2`", folder)
    assert run is not None
    return run


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
    return described(config, draws, origin, rows)


def described(config: RunConfig, draws: int, origin: str, rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Rows with what the page says of how they came to be."""
    items = questions(config.audit_corpus())
    owners = list(dict.fromkeys(i.owner for i in items))
    return {
        "owners": len(owners),
        "beside": OTHERS in owners,
        "questions": len(items),
        "draws": draws,
        "models": origin,
        "rows": rows,
    }
