"""Train and read every section: the toy's seeds in one-thread processes, a real model in this one."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config import RunConfig
from experiments.data.items import Part
from experiments.data.tofu import tofu_folder
from experiments.measures.context import Measurements
from experiments.measures.excess import gate
from experiments.measures.result import PairResult
from experiments.measures.utility import non_inferiority
from experiments.models.banks import open_bank
from experiments.models.smollm2 import model_path
from experiments.processes import one_thread_processes
from experiments.studies.base import Settings
from experiments.studies.data import Data
from experiments.studies.methods.protocol import train
from experiments.studies.overlap.cases import CASES, Case, config_of
from experiments.studies.overlap.readings import Reading
from experiments.studies.selection.measure import excesses, rungs
from experiments.unlearning.pilot import choose_rate
from experiments.unlearning.roles import Mixture, mixtures_of
from mari_theory.errors import ArgumentError


def measure(settings: Settings, data: Data) -> None:
    """Every asked section, kept as soon as all its seeds are there."""
    cases = [CASES[name] for name in settings.sections]
    toys, real = ([c for c in cases if c.on_a_real_model is own] for own in (False, True))
    seeds = range(1 if settings.quick else settings.count("seeds"))
    os.environ["TQDM_DISABLE"] = "1"
    with one_thread_processes() as workers:
        found = [
            [workers.submit(measure_seed, c.section, seed, settings.run, settings.quick) for seed in seeds]
            for c in toys
        ]
        for case, results in zip(toys, found, strict=True):
            data.say(case.section)
            keep(case, [r.result() for r in results], data)
    for case in real:
        if settings.quick or not real_model_here(case):
            data.say(f"{case.section}: left out of a quick run, and where SmolLM2 or TOFU is missing")
        else:
            keep(case, [measure_seed(case.section, 0, settings.run, False)], data)


def keep(case: Case, seeds: list[dict[str, Any]], data: Data) -> None:
    """Store a section: what its page needs beside the readings of its seeds is the same at each."""
    data.keep(case.section, {**seeds[0]["common"], "seeds": [{k: s[k] for k in s if k != "common"} for s in seeds]})


def real_model_here(case: Case) -> bool:
    """Are SmolLM2, and TOFU where it is asked for, on this machine or to be had?"""
    try:
        model_path("smollm2")
    except ArgumentError:
        return False
    return case.is_text or tofu_folder(None) is not None


def measure_seed(section: str, seed: int, folder: Path, quick: bool) -> dict[str, Any]:
    """One corpus with its models, trained where they are missing, and every row on both sides."""
    case, run = CASES[section], folder / f"{section}-{seed}"
    run.mkdir(parents=True, exist_ok=True)
    return read(config_of(case, seed, quick), run, case.parts)


def read(config: RunConfig, run: Path, parts: tuple[Part, Part]) -> dict[str, Any]:
    """Train what is missing of a run, and read every row on the given sides."""
    config, _ = choose_rate(config, run)
    # Rungs are read at the end only: readings along a run would take longer than the run.
    train(config.model_copy(update={"scoring": config.scoring.model_copy(update={"channels": {}})}), run)
    m = Measurements(config, run, config.audit_corpus(), open_bank(config, run))
    rows = mixtures_of(config)
    asked = [part for part in parts if m.corpus.part(part)]
    floors = {part: rungs(m, rows[-1], part) for part in asked}
    return {
        "rows": {row.name: {part: asdict(reading(m, row, part, floors[part])) for part in asked} for row in rows[:-1]},
        "floor": {part: {name: r.certificate.claim.upper for name, r in floors[part].items()} for part in asked},
        "gate": {name: x.upper for name, x in gate(m, rows[0], rows[-1]).readings.items()},
        "common": {
            "margins": {name: config.scoring.margin_of(name) for name in floors[asked[0]]},
            "gate_margin": config.gate,
            "oracles": len(m.reference),
            "items": {part: len(m.asked(part)) for part in asked},
            "sizes": {name: len(items) for name, items in m.corpus.splits().items()},
            "steps": [config.train.over(len(m.corpus.retain)).steps, config.unlearn.steps],
        },
    }


def reading(m: Measurements, row: Mixture, part: Part, floor: dict[str, PairResult]) -> Reading:
    """One row on one side."""
    excess = excesses(m, rungs(m, row, part), floor)
    utility = non_inferiority(m, row, part)
    assert utility is not None
    own, oracles = (float(np.mean([m.scores(x, part).loss.mean() for x in arm])) for arm in (row.members, m.reference))
    return Reading(
        {name: (x.lower, x.upper) for name, x in excess.items()}, utility.accuracy, utility.oracles, own, oracles
    )
