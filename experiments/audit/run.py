"""The main job: corpus -> original and oracles -> each method -> score the pairs -> certify -> attack -> report."""

from __future__ import annotations

import datetime
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch

import mari_theory
from experiments.audit.report import write_report
from experiments.audit.results import CorpusSize, Effort, Floor, OraclePair, Run
from experiments.config import RunConfig, slug
from experiments.data.files import write_prompts
from experiments.measures.channels import CHANNELS, rung
from experiments.measures.context import Measurements
from experiments.measures.detectors import blind_baseline
from experiments.measures.enumeration import enumerate_divergence
from experiments.measures.pairs import PAIRS
from experiments.measures.result import AuditFailure, Row, finite
from experiments.measures.sampled import Arms, exact_pair, sampled_pair
from experiments.measures.table import GROUPS, MEASURES
from experiments.models.banks import open_bank
from experiments.unlearning.roles import Original, Role, entries_of, oracle_arm, oracle_pairs, oracles_of
from experiments.unlearning.train import train_many
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

FOLDERS = ("models", "rows", "scores", "certificates", "figures", "prompts", "checkpoints")


def run_audit(config: RunConfig, out: Path, resume: bool = False) -> Run:
    """Run the whole audit into folder `out`; the result is also `results.json`. Raises `AuditFailure` at the end.

    Delta of the run is split over every comparison of a detector with a certificate (T20). A resumed run keeps finished
    models and measured rows and continues interrupted trainings from their checkpoints.
    """
    began = time.perf_counter()
    corpus = config.make_corpus()  # before anything is written
    _prepare(config, out, resume)
    for name, items in corpus.splits().items():
        write_prompts(out / "prompts" / f"{name}.jsonl", items)
    original, oracles, entries = Original(), oracles_of(config), entries_of(config)
    sizes = {k: len(v) for k, v in corpus.splits().items()}
    _tell(
        f"corpus {corpus.name}: {sizes['forget']} forget, {sizes['retain']} retain, {sizes['holdout']} never-seen questions"
    )
    records = train_many(config, out, [original, *oracles])
    records |= train_many(config, out, entries) if entries else {}
    training_memory = _peak(resource.RUSAGE_SELF) + config.workers * _peak(resource.RUSAGE_CHILDREN)
    if config.model.kind == "tiny":  # trained a thread each, measured with as many as trained at once
        torch.set_num_threads(config.workers)
    measurements = Measurements(config, out, corpus, open_bank(config, out))
    _tell("blind text-only baseline")
    blind = blind_baseline(corpus.forget, measurements.unseen, config.seed)
    roles: list[Role] = [original, *entries, oracles[0]]
    run = Run(
        version=mari_theory.__version__,
        config=config,
        corpus=CorpusSize(name=corpus.name, **sizes, sentences=corpus.sentences),
        rows=tuple(_kept_row(measurements, role, records[role.name]) for role in roles),
        floor=noise_floor(measurements),
        blind=blind,
        oracle_losses={
            s: tuple(float(measurements.scores(o.name, s).loss.mean()) for o in oracles) for s in corpus.splits()
        },
        trajectories={
            e.name: tuple({k: finite(v) for k, v in look.items()} for look in records[e.name]["history"])
            for e in entries
        },
        comparisons=measurements.comparisons,
        detector_delta=measurements.detector_delta,
        effort=Effort(
            seconds=time.perf_counter() - began,
            resumed=resume,
            peak_memory_gib=max(training_memory, _peak(resource.RUSAGE_SELF)),
            machine=f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}",
            date=datetime.date.today().isoformat(),
            command="mari audit --preset " + config.preset,
        ),
    )
    run.save(out)
    write_report(out)
    if run.problems:
        raise AuditFailure("; ".join(run.problems))
    return run


def measure_row(m: Measurements, role: Role, record: dict[str, Any]) -> Row:
    """Every pair, measure and group of one model."""
    _tell(f"measuring {role.name}")
    pairs = {name: pair.measure(m, role) for name, pair in PAIRS.items()}
    rungs = {name: rung(m, role, CHANNELS[name]) for name in m.config.scoring.channels}
    groups = {name: group.measure(m, role.name) for name, group in GROUPS.items()}
    return Row(
        name=role.name,
        kind=role.kind,
        seconds=record["seconds"],
        steps=record["steps"],
        stopped=record["stopped"],
        measures={name: measure.measure(m, role.name) for name, measure in MEASURES.items()},
        groups={name: numbers for name, numbers in groups.items() if numbers},
        pairs={name: pair for name, pair in pairs.items() if pair is not None},
        rungs={name: result for name, result in rungs.items() if result is not None},
        attacks=tuple(m.attacks(role.name)),
    )


def noise_floor(m: Measurements) -> Floor:
    """Oracle against oracle on forget prompts: exact for every two where possible, sampled for the first two.

    The worst owner of an oracle against the average of the others is what a margin for the worst owner has to leave to a retraining.
    """
    _tell("oracle-against-oracle floor")
    first, second = m.oracles[:2]
    pair = sampled_pair(m, "oracle", second, (first,), exact=False, detect=False)
    exact, worst = [], None
    if m.config.scoring.enumerate_exactly:
        for x, y in oracle_pairs(m.oracles):
            low, high = enumerate_divergence(m.bank, [x], [y], m.prompts["forget"])
            exact.append(OraclePair(oracles=(x, y), low=low, high=high))
        draws = m.config.scoring.draws
        arms = [Arms("oracle", tuple(oracle_arm(m.oracles, o)), o, "forget", draws) for o in m.oracles]
        owners = [exact_pair(m, a).owners for a in arms]
        worst = max(u.worst_upper for u in owners if u is not None)
    return Floor(pair=pair, exact=tuple(exact), worst_owner=worst)


def _kept_row(m: Measurements, role: Role, record: dict[str, Any]) -> Row:
    """The row of one model, measured once as long as the weights it depends on and the library stay the same."""
    path = m.out / "rows" / f"{slug(role.name)}.json"
    state = {"version": mari_theory.__version__, **{n: m.digest(n) for n in ("original", *m.oracles, role.name)}}
    if path.is_file():
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["state"] == state:
            return Row.model_validate_json(json.dumps(data["row"]))
    row = measure_row(m, role, record)
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps({"state": state, "row": row.model_dump(mode="json", by_alias=True)}))
    return row


def _prepare(config: RunConfig, out: Path, resume: bool) -> None:
    ready = out / "config.yaml"
    if out.exists():
        require(out.is_dir(), "out", "a folder", out)
        if ready.is_file():
            same = ready.read_text() == config.dump()
            require(resume, "out", "a new folder, or --resume to continue this run", out)
            require(same, "out", "the same configuration as the run to resume", out)
            return
        require(not any(out.iterdir()), "out", "a new or empty folder", out)
        require(os.access(out, os.W_OK), "out", "a writable folder", out)
    try:
        for part in FOLDERS:
            (out / part).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{out} ({e.strerror})") from None
    write_text(ready, config.dump())


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 2**20


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
