"""Train and read every setting on the validation request."""

from __future__ import annotations

from typing import Any

from experiments.config import MethodConfig, RunConfig, load_config
from experiments.data.items import Part
from experiments.measures.channels import CHANNELS, exact_rungs, rung
from experiments.measures.context import Measurements
from experiments.measures.excess import exact_excess, gate
from experiments.measures.result import Excess, PairResult
from experiments.measures.utility import non_inferiority
from experiments.models.banks import open_bank
from experiments.studies.base import Settings
from experiments.studies.data import Data
from experiments.studies.methods.grid import read_grid, setting_text
from experiments.studies.methods.protocol import train
from experiments.studies.selection.grid import ENDS, FEWEST, GRID, section_labels
from experiments.unlearning.pilot import choose_rate
from experiments.unlearning.roles import Mixture, mixtures_of, row_of

SEED = 7
"""Of the validation request; the audit has another."""


def request(entries: list[MethodConfig], quick: bool) -> RunConfig:
    """The preset `smollm2` with other authors to forget, one seed and three oracles."""
    base = load_config("smollm2", seed=SEED, seeds=1, oracles=3, methods=[], corpus={"split": "forget05"})
    changes: dict[str, Any] = {"methods": entries}
    if quick:
        changes |= {"train": base.train.changed({"epochs": 0.2}), "unlearn": base.unlearn.changed({"steps": 2})}
        changes["pilot"] = None
    return base.model_copy(update=changes)


def measure(settings: Settings, data: Data) -> None:
    """Every asked method; the original and the floor stand in a section of their own."""
    labels = section_labels()
    names = [labels[s] for s in settings.sections if s != ENDS]
    if settings.quick:
        names = names[:1]
    grid = {k: v[: 2 if settings.quick else None] for k, v in read_grid(GRID, FEWEST).items() if k in names}
    run = settings.run
    run.mkdir(parents=True, exist_ok=True)
    config, pilot = choose_rate(request([m for rows in grid.values() for m in rows], settings.quick), run)
    records = train(config, run)
    m = Measurements(config, run, config.audit_corpus(), open_bank(config, run))
    original, floor = mixtures_of(config)[0], mixtures_of(config)[-1]
    of_floor = rungs(m, floor)
    if ENDS in settings.sections or ENDS not in data.sections:
        opened = gate(m, original, floor)
        data.keep(
            ENDS,
            {
                "original": beyond(m, original, of_floor),
                "floor": {name: r.certificate.claim.upper for name, r in of_floor.items()},
                "margins": dict(config.scoring.channels),
                "gate": {name: x.upper for name, x in opened.readings.items()},
                "rate": config.train.lr,
                "perplexity": pilot and {"base": pilot.base, **pilot.perplexities},
                "authors": {k: len({i.owner for i in v}) for k, v in m.corpus.splits().items()},
                "retraining_seconds": records["oracle-0"]["seconds"],
                "corpus": m.corpus.name,
            },
        )
    sections = {label: section for section, label in labels.items()}
    for label, entries in grid.items():
        data.say(label)
        rows = []
        for entry in entries:
            record = records[entry.label]
            row = beyond(m, row_of(config, entry.label), of_floor)
            rows.append(row | {"setting": setting_text(entry), "steps": record["steps"], "seconds": record["seconds"]})
        data.keep(
            sections[label],
            {
                "label": label,
                "name": entries[0].name,
                "settings": rows,
                "chosen": choose(rows),
                "place": list(labels.values()).index(label),
            },
        )


def rungs(m: Measurements, row: Mixture, part: Part = "forget") -> dict[str, PairResult]:
    """Every exact rung of the run that the items of a part have."""
    found = {name: rung(m, row, CHANNELS[name], part) for name in exact_rungs(m.config.scoring.channels)}
    return {name: result for name, result in found.items() if result is not None}


def excesses(m: Measurements, found: dict[str, PairResult], floor: dict[str, PairResult]) -> dict[str, Excess]:
    """How much farther than the floor, rung by rung."""
    margins = {name: m.config.scoring.margin_of(name) or 0.0 for name in found}
    return {name: exact_excess(r.certificate, floor[name].certificate, margins[name]) for name, r in found.items()}


def beyond(m: Measurements, row: Mixture, floor: dict[str, PairResult]) -> dict[str, Any]:
    """How far, how much farther than the floor, as a share of the margin at most, and what is left of retain accuracy."""
    found, scoring = rungs(m, row), m.config.scoring
    excess = {name: x.upper for name, x in excesses(m, found, floor).items()}
    shares = [upper / (scoring.margin_of(name) or 1.0) for name, upper in excess.items()]
    utility = non_inferiority(m, row, "retain")
    assert utility is not None
    return {
        "jsd": {name: r.certificate.claim.upper for name, r in found.items()},
        "excess": excess,
        "score": max(shares),
        "retain": utility.accuracy,
        "kept": utility.difference >= -utility.margin,
        "forget_loss": float(m.scores(row.name, "forget").loss.mean()),
    }


def choose(rows: list[dict[str, Any]]) -> int:
    """Place of the smallest score among settings that keep what stays; where none does, of the one that keeps most.

    >>> choose([{"kept": False, "score": 1.0, "retain": 0.5}, {"kept": True, "score": 9.0, "retain": 0.9}])
    1
    """
    good = [k for k, r in enumerate(rows) if r["kept"]]
    if good:
        return min(good, key=lambda k: float(rows[k]["score"]))
    return max(range(len(rows)), key=lambda k: float(rows[k]["retain"]))
