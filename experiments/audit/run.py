"""The main job: corpus -> original and oracles -> each method -> score the pairs -> certify -> attack -> report."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

import mari_theory
from experiments.audit.report import write_report
from experiments.audit.results import AlongTheWay, CorpusSize, Effort, OraclePair, PilotResult, Run
from experiments.config import RunConfig
from experiments.data.files import write_prompts
from experiments.labels import slug
from experiments.measures.along import DETECTORS, refuted, share_of_ceiling
from experiments.measures.channels import CHANNELS, exact_rungs
from experiments.measures.context import Measurements
from experiments.measures.detectors import blind_baseline, over_seeds
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.excess import exact_excess, gate, paired_excess, whole_outputs
from experiments.measures.knowledge import oracle_knowledge
from experiments.measures.ladder import certify_rung, rung_excess
from experiments.measures.pairs import PAIRS
from experiments.measures.result import ANSWER, AuditFailure, Excess, Row, finite, mean_numbers
from experiments.measures.table import GROUPS, MEASURES
from experiments.measures.utility import non_inferiority
from experiments.models.banks import open_bank
from experiments.unlearning.pilot import choose_rate
from experiments.unlearning.ready import keep, look_at
from experiments.unlearning.roles import (
    Mixture,
    entries_of,
    mixtures_of,
    oracle_pairs,
    oracles_of,
    originals_of,
    roles_of,
    start_of,
)
from experiments.unlearning.train import require_methods, train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

FOLDERS = ("models", "rows", "scores", "certificates", "figures", "prompts", "checkpoints")


def run_audit(config: RunConfig, out: Path, resume: bool = False, command: str | None = None) -> Run:
    """Run the whole audit into folder `out`; the result is also `results.json`. Raises `AuditFailure` at the end.

    `command`: how the run was asked for, as its report says it. Delta of the run is split over every comparison of a detector with a certificate (T20). A resumed run keeps finished
    models and measured rows and continues interrupted trainings from their checkpoints.
    """
    began = time.perf_counter()
    corpus = config.make_corpus()  # before anything is written
    corpus.halves()
    for channel in (CHANNELS[name] for name in config.scoring.channels if name in CHANNELS):
        bare = [i.prompt for i in corpus.forget if not channel.applies([i])]
        rule = "items with at least two options, a true answer and wrong ones"
        require(not bare, f"scoring.channels, {channel.name}", rule, bare[:1])
    _require_place(config, out, resume)
    require_methods(config)
    ready = look_at(config, out, corpus)
    _prepare(config, out)
    keep(ready, out)
    for name, items in corpus.splits().items():
        write_prompts(out / "prompts" / f"{name}.jsonl", items)
    config, pilot = choose_rate(config, out)
    rows, roles = mixtures_of(config), [r for r in roles_of(config) if r.name not in ready]
    sizes = {k: len(v) for k, v in corpus.splits().items()}
    _tell(
        f"corpus {corpus.name}: {sizes['forget']} forget, {sizes['retain']} retain, {sizes['holdout']} never-seen questions"
    )
    records = ready
    for later in (False, True):  # those that start from another model of the run come when it is there
        records |= train_many(config, out, [r for r in roles if (start_of(r) is not None) is later])
    training_memory = _peak(resource.RUSAGE_SELF) + config.workers * _peak(resource.RUSAGE_CHILDREN)
    if config.model.kind == "tiny":  # trained a thread each, measured with as many as trained at once
        torch.set_num_threads(config.workers)
    measurements = Measurements(config, out, config.audit_corpus(), open_bank(config, out))
    _tell("blind text-only baseline")
    blind = blind_baseline(corpus.forget, measurements.unseen, config.seed)
    _tell("gate: were originals and oracles trained alike?")
    measurements.gate = opened = gate(measurements, rows[0], rows[-1])
    measurements.knowledge = known = oracle_knowledge(measurements)
    floor = _kept_row(measurements, rows[-1], records, None)
    measured = [_kept_row(measurements, row, records, floor) for row in rows[:-1]]
    run = Run(
        version=mari_theory.__version__,
        config=config,
        corpus=CorpusSize(name=corpus.name, **sizes, sentences=corpus.sentences),
        rows=(*measured, floor),
        gate=opened,
        knowledge=known,
        pilot=pilot and PilotResult(base=pilot.base, perplexities=pilot.perplexities, rate=config.train.lr),
        retraining_seconds=_over([records[o.name] for o in oracles_of(config)], "seconds", fmean),
        oracle_pairs=enumerated_oracle_pairs(measurements),
        blind=blind,
        oracle_losses={
            s: tuple(float(measurements.scores(o, s).loss.mean()) for o in measurements.oracles)
            for s in corpus.splits()
        },
        trajectories={
            e.name: tuple({k: finite(v) for k, v in look.items()} for look in records[e.name]["history"])
            for e in entries_of(config)
        },
        along=along_the_way(config, {e.name: records[e.name] for e in entries_of(config)}),
        comparisons=measurements.comparisons,
        detector_delta=measurements.detector_delta,
        effort=Effort(
            seconds=time.perf_counter() - began,
            resumed=resume,
            peak_memory_gib=max(training_memory, _peak(resource.RUSAGE_SELF)),
            machine=f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}",
            date=datetime.date.today().isoformat(),
            command=command or f"mari audit --preset {config.preset}",
        ),
    )
    run.save(out)
    write_report(out)
    if run.problems:
        raise AuditFailure("; ".join(run.problems))
    return run


def measure_row(m: Measurements, row: Mixture, records: dict[str, dict[str, Any]], floor: Row | None) -> Row:
    """Every pair, measure and group of one row; `floor` is the row of retrained models, None where this is it."""
    _tell(f"measuring {row.name}")
    pairs = {name: pair.measure(m, row) for name, pair in PAIRS.items()}
    rungs = {name: certify_rung(m, row, name) for name in m.config.scoring.channels}
    groups = {name: group.measure(m, row.members[0]) for name, group in GROUPS.items()}
    by_model = tuple({name: x.measure(m, model) for name, x in MEASURES.items()} for model in row.members)
    own = [records[model] for model in row.members]
    utility = {split: non_inferiority(m, row, split) for split in ("retain", "general")}
    done = Row(
        name=row.name,
        kind=row.kind,
        models=row.members,
        seconds=_over(own, "seconds", fmean),
        steps=_over(own, "steps", max),
        stopped="; ".join(dict.fromkeys(r["stopped"] for r in own)),
        measures=mean_numbers(by_model),
        by_model=by_model,
        groups={name: numbers for name, numbers in groups.items() if numbers},
        pairs={name: pair for name, pair in pairs.items() if pair is not None},
        rungs={name: result for name, result in rungs.items() if result is not None},
        utility={split: x for split, x in utility.items() if x is not None},
        attacks=tuple(over_seeds(a) for a in zip(*(m.attacks(model) for model in row.members), strict=True)),
    )
    return done if floor is None else done.model_copy(update={"excess": _excess(m, row, done, floor)})


def _excess(m: Measurements, mixture: Mixture, row: Row, floor: Row) -> dict[str, Excess]:
    """How much farther than the floor, on every rung and for whole outputs."""
    retrained = mixtures_of(m.config)[-1]
    out = {
        name: rung_excess(m, name, (mixture, retrained), (own, floor.rungs[name])) for name, own in row.rungs.items()
    }
    if row.oracle.claim.method == floor.oracle.claim.method == "exact-laws":
        return out | {ANSWER: exact_excess(row.oracle, floor.oracle, m.config.margin)}
    likelihood = whole_outputs(m, "forget", m.config.scoring.draws)
    return out | {ANSWER: paired_excess(m, mixture, retrained, likelihood, m.config.margin)}


def along_the_way(config: RunConfig, records: dict[str, dict[str, Any]]) -> AlongTheWay | None:
    """Every look of every run together."""
    names = exact_rungs(config.scoring.channels)
    looks = [look for r in records.values() for look in r["history"]]
    shares = {
        n: [x for look in looks if f"{n} tv" in look and (x := share_of_ceiling(look, n)) is not None] for n in names
    }
    if not any(shares.values()):
        return None
    return AlongTheWay(
        comparisons=sum(f"{n} {d}" in look for look in looks for n in names for d in DETECTORS),
        refuted=tuple(f"{name}, {x}" for name, r in records.items() for x in refuted(r["history"], names)),
        share_of_ceiling={n: float(np.median(x)) for n, x in shares.items() if x},
        share_of_time=sum(r["reading_seconds"] for r in records.values())
        / sum(r["reading_seconds"] + r["seconds"] for r in records.values()),
    )


def enumerated_oracle_pairs(m: Measurements) -> tuple[OraclePair, ...]:
    """Exact divergence of every two retrainings on forget prompts, where outputs are enumerated."""
    if not m.config.scoring.enumerate_exactly:
        return ()
    _tell("oracle against oracle, every two")
    pairs = []
    for x, y in oracle_pairs(m.oracles):
        low, high = enumerate_divergence(m.bank, [slug(x)], [slug(y)], m.prompts["forget"])
        pairs.append(OraclePair(oracles=(x, y), low=low, high=high))
    return tuple(pairs)


def _kept_row(m: Measurements, row: Mixture, records: dict[str, dict[str, Any]], floor: Row | None) -> Row:
    """A row, measured once as long as the weights it depends on and the library stay the same."""
    path = m.out / "rows" / f"{slug(row.name)}.json"
    originals = (r.name for r in originals_of(m.config))
    state = {"version": mari_theory.__version__, **{n: m.digest(n) for n in (*originals, *m.oracles, *row.members)}}
    if m.knowledge and m.knowledge.flagged:
        state["oracle_knows"] = m.knowledge.why
    if path.is_file():
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["state"] == state:
            return Row.model_validate_json(json.dumps(data["row"]))
    done = measure_row(m, row, records, floor)
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps({"state": state, "row": done.model_dump(mode="json", by_alias=True)}))
    return done


def _over(records: Sequence[dict[str, Any]], key: str, summary: Callable[[list[Any]], Any]) -> Any:
    """Of models trained here; None where one was made elsewhere."""
    values = [r[key] for r in records]
    return None if None in values else summary(values)


def _require_place(config: RunConfig, out: Path, resume: bool) -> None:
    ready = out / "config.yaml"
    if out.exists():
        require(out.is_dir(), "out", "a folder", out)
        if ready.is_file():
            here = config.model_copy(update={"out": None}).dump()
            same = re.sub(r"(?m)^out: .*\n", "", ready.read_text()) == here  # a folder may be moved
            require(resume, "out", "a new folder, or --resume to continue this run", out)
            require(same, "out", "the same configuration as the run to resume", out)
            return
        require(not any(out.iterdir()), "out", "a new or empty folder", out)
        require(os.access(out, os.W_OK), "out", "a writable folder", out)
    require(not resume, "--resume", "a run folder with config.yaml to continue", out)


def _prepare(config: RunConfig, out: Path) -> None:
    try:
        for part in FOLDERS:
            (out / part).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{out} ({e.strerror})") from None
    write_text(out / "config.yaml", config.dump())


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 2**20


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
